import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Bytes that each side of a connection had sent when a piece of it came to the proxy. */
export type Recorded = Readonly<{ toServer: readonly number[]; toClient: readonly number[] }>

export type Cut = Readonly<{
  direction: 'toServer' | 'toClient'
  /** So many bytes of this direction still go through. */
  after: number
  /** `end` says goodbye to the server as a process does that ends, `reset` as one that loses its network. */
  how: 'end' | 'reset'
}>

export type CutProxy = Readonly<{
  port: number
  /** What has gone through since the last connection was made. */
  recorded(): Recorded
  /** For the connections that come from here on; undefined lets all through. */
  cutAt(cut: Cut | undefined): void
  close(): Promise<void>
}>

/** Stands between a client and a server on loopback, and cuts the cable after so many bytes. */
export async function createCutProxy(serverPort: number): Promise<CutProxy> {
  let cut: Cut | undefined
  let seen: { toServer: number[]; toClient: number[] } = { toServer: [], toClient: [] }

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: serverPort, host: '127.0.0.1', noDelay: true })
    const rule = cut
    const record = { toServer: [] as number[], toClient: [] as number[] }
    seen = record
    const sever = () => {
      client.destroy()
      if (rule?.how === 'reset') upstream.resetAndDestroy()
      // Ended and not read any more: what the server still says meets a closed port.
      else upstream.end(() => upstream.destroy())
    }
    const relay = (direction: Cut['direction'], from: Socket, to: Socket) => {
      let count = 0
      const limit = rule?.direction === direction ? rule.after : Number.POSITIVE_INFINITY
      from.on('data', (chunk: Buffer) => {
        if (count >= limit) return
        const passed = chunk.subarray(0, limit - count)
        count += passed.length
        record[direction].push(count)
        to.write(passed)
        if (count >= limit) sever()
      })
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
    relay('toServer', client, upstream)
    relay('toClient', upstream, client)
    if (rule?.after === 0) upstream.once('connect', sever)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    recorded: () => seen,
    cutAt(next) {
      cut = next
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
