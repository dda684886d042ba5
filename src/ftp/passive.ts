import { randomInt } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { FileServerError } from '../core/errors.ts'
import { canonicalAddress } from '../core/net.ts'

/** A listener for one data connection. Whoever opened it closes it; close is idempotent and drops a waiting peer. */
export type PassiveListener = {
  readonly port: number
  /** Resolves to the first connection from the right peer, paused; rejects when the signal aborts. */
  accept(signal: AbortSignal): Promise<Socket>
  close(): void
}

export type PassiveOptions = Readonly<{
  localIp: string
  /** Only this address may connect. */
  peerIp: string
  ports: Readonly<{ from: number; to: number }>
}>

/**
 * What "any free port" means (RFC 6335 section 6). The system's own choice is not random enough, and its search takes
 * milliseconds when thousands of ports are still waiting out their last connection.
 */
const DYNAMIC_PORTS = { from: 49_152, to: 65_535 }
/** Ports tried before the range is called used up. */
const MAX_TRIES = 256

/** Throws transfer.no-data-connection when no port of the range is free. */
export async function openPassive(options: PassiveOptions): Promise<PassiveListener> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true })
  const port = await listenInRange(server, options)
  server.on('error', () => server.close())
  const wanted = canonicalAddress(options.peerIp)
  let arrived: Socket | undefined
  let taken = false
  let waiting: ((socket: Socket) => void) | undefined

  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    if (arrived !== undefined || canonicalAddress(socket.remoteAddress ?? '') !== wanted) {
      socket.destroy()
      return
    }
    arrived = socket
    server.close()
    waiting?.(socket)
  })

  return {
    port,
    accept: (signal) =>
      new Promise((resolve, reject) => {
        const give = (socket: Socket) => {
          signal.removeEventListener('abort', stop)
          taken = true
          resolve(socket)
        }
        const stop = () => reject(signal.reason)
        if (signal.aborted) return stop()
        if (arrived !== undefined) return give(arrived)
        waiting = give
        signal.addEventListener('abort', stop, { once: true })
      }),
    close() {
      server.close()
      if (!taken) arrived?.destroy()
    },
  }
}

/** Resolves to the port. */
async function listenInRange(server: Server, options: PassiveOptions): Promise<number> {
  const { localIp } = options
  const ports = options.ports.to === 0 ? DYNAMIC_PORTS : options.ports
  const count = ports.to - ports.from + 1
  const first = randomInt(count)
  for (let tried = 0; tried < Math.min(count, MAX_TRIES); tried += 1) {
    const port = ports.from + ((first + tried) % count)
    const error = await listen(server, localIp, port)
    if (error === undefined) return port
    if (error.code !== 'EADDRINUSE')
      throw new FileServerError('transfer.no-data-connection', 'cannot listen', { cause: error })
  }
  throw new FileServerError('transfer.no-data-connection', 'no passive port is free')
}

function listen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error)
    server.once('error', failed)
    server.listen({ host, port, backlog: 4 }, () => {
      server.removeListener('error', failed)
      resolve(undefined)
    })
  })
}
