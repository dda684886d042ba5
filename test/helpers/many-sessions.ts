import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import type { FixtureInfo } from './fixture.ts'

/** Handshakes at once: more only wait for each other. */
const AT_ONCE = 16
/** Sessions from one loopback address: each has some 28,000 ports to the same listener. */
const PER_ADDRESS = 1000

export const HELD_DOORS = ['ftp', 'ftps'] as const
export type HeldDoor = (typeof HELD_DOORS)[number]

/** Logged-in control sessions that do nothing. */
export type Held = Readonly<{ count: number; close(): void }>

export type Crowd = {
  /** Opens more sessions, TLS from the first byte on `ftps`; rejects when one is refused. */
  open(door: HeldDoor, count: number): Promise<Held>
  /** Milliseconds that one more login takes, from the connect to the 230. */
  login(door: HeldDoor): Promise<number>
}

/** For what must hold under thousands of sessions; the fixture needs the listener of `--open`. */
export function createCrowd(
  info: FixtureInfo,
  { user, password }: { user: string; password: string },
): Crowd {
  const context = createSecureContext()
  let opened = 0

  async function session(door: HeldDoor): Promise<Socket> {
    const socket = connectTo(info, door, { context, address: addressOf(opened) })
    opened += 1
    const ask = asker(socket)
    await ask(undefined, 220)
    await ask(`USER ${user}`, 331)
    await ask(`PASS ${password}`, 230)
    return socket
  }

  return {
    async open(door, count) {
      const sockets: Socket[] = []
      const worker = async () => {
        while (sockets.length + AT_ONCE <= count) sockets.push(await session(door))
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      while (sockets.length < count) sockets.push(await session(door))
      return {
        count: sockets.length,
        close: () => {
          for (const socket of sockets) socket.destroy()
        },
      }
    },
    async login(door) {
      const start = performance.now()
      const socket = await session(door)
      const took = performance.now() - start
      socket.destroy()
      return took
    },
  }
}

function addressOf(index: number): string {
  return `127.0.${1 + Math.floor(index / PER_ADDRESS)}.1`
}

function connectTo(
  info: FixtureInfo,
  door: HeldDoor,
  { context, address }: { context: SecureContext; address: string },
): Socket {
  const port = door === 'ftp' ? info.ftp?.port : info.ftps.port
  if (port === undefined) throw new Error('the fixture has no listener in clear')
  const raw = connectTcp({ host: info.host, port, localAddress: address, noDelay: true })
  if (door === 'ftp') return raw
  return connectTls({ socket: raw, secureContext: context, rejectUnauthorized: false })
}

/** Sends a line and waits for the reply that must come. */
function asker(socket: Socket): (line: string | undefined, code: number) => Promise<void> {
  let text = ''
  let check: () => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  socket.setEncoding('utf8')
  socket.on('data', (more: string) => {
    text += more
    check()
  })
  socket.on('error', (error) => fail(error))
  socket.on('close', () => fail(new Error('the server closed the connection')))
  return (line, code) =>
    new Promise((resolve, reject) => {
      fail = reject
      check = () => {
        const last = /^(\d{3}) .*\r\n$/m.exec(text)
        if (last === null) return
        text = ''
        if (Number(last[1]) === code) resolve()
        else reject(new Error(`${last[0]} in place of ${code}`))
      }
      if (line !== undefined) socket.write(`${line}\r\n`)
      check()
    })
}
