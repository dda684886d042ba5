import { randomInt } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { FileServerError } from '../core/errors.ts'
import { canonicalAddress } from '../core/net.ts'
import { allTold } from './course.ts'

export type PassiveOptions = Readonly<{
  /** With its zone if it has one. */
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

/** Data connections after which another port is taken, so that none can be guessed for long. */
export const MAX_USES = 64
/** A configured range below this is for all sessions to share: none keeps a port that it does not need now. */
const ROOMY_RANGE = 1024

type Ports = PassiveOptions['ports']

/** False: a port is given back with its first connection. */
export function keepsPorts(ports: Ports): boolean {
  return ports.to === 0 || ports.to - ports.from >= ROOMY_RANGE
}

/** From a random one on, and no more than one session should try. */
export function* portsToTry(given: Ports): Generator<number> {
  const ports = given.to === 0 ? DYNAMIC_PORTS : given
  const count = ports.to - ports.from + 1
  const first = randomInt(count)
  for (let tried = 0; tried < Math.min(count, MAX_TRIES); tried += 1)
    yield ports.from + ((first + tried) % count)
}

/**
 * A listening port of one control connection, for one data connection at a time: it lets one in each time it is armed,
 * and drops whoever comes otherwise. Whoever opened it closes it; close is idempotent and drops a waiting peer.
 */
export class PassivePort {
  readonly port: number
  readonly #server: Server
  readonly #peerIp: string
  readonly #keeps: boolean
  #uses = 0
  #armed = false
  #arrived: Socket | undefined
  #waiting: ((socket: Socket) => void) | undefined

  constructor(server: Server, port: number, { peerIp, ports }: PassiveOptions) {
    this.port = port
    this.#server = server
    this.#peerIp = peerIp
    this.#keeps = keepsPorts(ports)
    server.on('error', () => server.close())
    server.on('connection', (socket) => this.#connected(socket))
    this.arm()
  }

  /** Lets in the next connection; false when another port must be opened. */
  arm(): boolean {
    if (!this.idle || !this.#server.listening) return false
    if (this.#uses >= MAX_USES) return false
    this.#uses += 1
    this.#armed = true
    return true
  }

  /** Who has connected by now, before the port is armed again, is gone then. */
  strangersDropped(): Promise<void> {
    return allTold()
  }

  /** Nobody is let in now, nor waits. */
  get idle(): boolean {
    return !this.#armed && this.#arrived === undefined
  }

  /** The connection that has come already, paused. */
  take(): Socket | undefined {
    const socket = this.#arrived
    this.#arrived = undefined
    return socket
  }

  /** Resolves to the connection, paused; rejects when the signal aborts. */
  accept(signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const arrived = this.take()
      if (arrived !== undefined) return resolve(arrived)
      if (signal.aborted) return reject(signal.reason)
      const stop = () => reject(signal.reason)
      this.#waiting = (socket) => {
        signal.removeEventListener('abort', stop)
        resolve(socket)
      }
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  close(): void {
    this.#armed = false
    this.#server.close()
    this.take()?.destroy()
  }

  #connected(socket: Socket): void {
    socket.on('error', ignore)
    if (!this.#armed || !isFrom(socket, this.#peerIp)) {
      socket.destroy()
      return
    }
    this.#armed = false
    if (!this.#keeps) this.#server.close()
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#arrived = socket
    else waiting(socket)
  }
}

/** 'close' follows, and is where it is handled. */
function ignore(): void {}

function isFrom({ remoteAddress = '' }: Socket, ip: string): boolean {
  return remoteAddress === ip || canonicalAddress(remoteAddress) === canonicalAddress(ip)
}

/** Armed. Throws transfer.no-data-connection when no port of the range is free. */
export async function openPassive(options: PassiveOptions): Promise<PassivePort> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true })
  return new PassivePort(server, await listenInRange(server, options), options)
}

/** Resolves to the port. */
async function listenInRange(server: Server, options: PassiveOptions): Promise<number> {
  const { localIp } = options
  for (const port of portsToTry(options.ports)) {
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
