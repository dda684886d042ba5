import type { Socket } from 'node:net'
import type { Connection as SshClient } from 'ssh2'
import type { Clock, Timer } from '../core/ports.ts'
import type { SftpSettings } from './settings.ts'
import type { Transport } from './ssh-internals.ts'

/** What a connection has moved both ways, in bytes. */
export type Traffic = { bytes: number }

export type TimerOptions = Readonly<{
  clock: Clock
  settings: SftpSettings
  socket: Socket
  client: SshClient
  transport: Transport
  traffic: Traffic
  /** A request is at the storage; that is not idle, however long it takes. */
  working: () => boolean
  onIdle: () => void
  /** This side has asked for new keys. */
  onRekey: () => void
  /** The peer answers nothing any more. */
  onDead: () => void
}>

/** Idle limit, keep-alive and key exchanges of a session that is logged in. */
export class SessionTimers {
  readonly #options: TimerOptions
  #idle: Timer
  #alive: Timer
  #rekey: Timer | undefined
  /** Bytes received when the peer was last seen to be there, and how often it has been asked since. */
  #heard: number
  #misses = 0
  /** Bytes moved before the last key exchange. */
  #rekeyedAt: number

  constructor(options: TimerOptions) {
    const { settings, socket, client, traffic } = options
    this.#options = options
    this.#heard = socket.bytesRead
    this.#rekeyedAt = traffic.bytes
    this.#idle = this.#windIdle()
    this.#alive = this.#windAlive()
    this.#rekey = settings.rekeyMs > 0 ? this.#windRekey() : undefined
    client.on('rekey', () => {
      this.#rekeyedAt = traffic.bytes
      this.#rekey?.refresh()
    })
  }

  /** To be called after each read, with its bytes. */
  moved(bytes: number): void {
    const { settings, traffic } = this.#options
    traffic.bytes += bytes
    if (settings.rekeyBytes > 0 && traffic.bytes - this.#rekeyedAt >= settings.rekeyBytes)
      this.#exchangeKeys()
  }

  /** A request came or was finished. */
  active(): void {
    this.#idle.refresh()
  }

  cancel(): void {
    this.#idle.cancel()
    this.#alive.cancel()
    this.#rekey?.cancel()
  }

  // A Clock's timer goes off once, so each is made anew when it has.

  #windIdle(): Timer {
    const { clock, settings, working, onIdle } = this.#options
    return clock.timer(settings.idleMs, () => {
      if (!working()) return onIdle()
      this.#idle = this.#windIdle()
    })
  }

  #windAlive(): Timer {
    const { clock, settings } = this.#options
    return clock.timer(settings.keepAliveMs, () => {
      if (this.#stillThere()) this.#alive = this.#windAlive()
      else this.#options.onDead()
    })
  }

  /** ssh2's own keep-alive runs on real time and can throw out of its timer when the transport has died. */
  #stillThere(): boolean {
    const { socket, settings, transport } = this.#options
    // What is not read is not silence.
    if (socket.bytesRead !== this.#heard || socket.isPaused()) this.#misses = 0
    this.#heard = socket.bytesRead
    if (this.#misses >= settings.keepAliveMisses) return false
    this.#misses += 1
    try {
      transport.ping()
      return true
    } catch {
      return false
    }
  }

  /** RFC 4253, section 9: after a gigabyte or an hour; ssh2 leaves it to the client. */
  #windRekey(): Timer {
    const { clock, settings } = this.#options
    return clock.timer(settings.rekeyMs, () => {
      this.#exchangeKeys()
      this.#rekey = this.#windRekey()
    })
  }

  #exchangeKeys(): void {
    const { transport, client, traffic, onRekey, onDead } = this.#options
    if (transport.inKeyExchange) return
    this.#rekeyedAt = traffic.bytes
    try {
      client.rekey()
      onRekey()
    } catch {
      onDead()
    }
  }
}
