import type { Socket } from 'node:net'
import type { Connection as SshClient } from 'ssh2'
import type { Clock, Timer } from '../core/ports.ts'
import type { SftpSettings } from './settings.ts'
import type { Transport } from './ssh-internals.ts'

/** What a connection has moved both ways, in bytes. */
export type Traffic = { bytes: number }

export type SessionTimers = {
  /** To be called after each read. */
  moved(): void
  /** A request came or was finished. */
  active(): void
  cancel(): void
}

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
export function startTimers(options: TimerOptions): SessionTimers {
  const idle = watchIdle(options)
  const alive = keepAlive(options)
  const rekey = scheduleRekeys(options)
  return {
    moved: rekey.byBytes,
    active: () => idle.refresh(),
    cancel() {
      idle.cancel()
      alive.cancel()
      rekey.cancel()
    },
  }
}

/** A timer that `fire` may wind up again: a Clock's own goes off once. */
function rewindable(clock: Clock, ms: number, fire: (rewind: () => void) => void): Timer {
  let timer: Timer
  const wind = (): void => {
    timer = clock.timer(ms, () => fire(wind))
  }
  wind()
  return { refresh: () => timer.refresh(), cancel: () => timer.cancel() }
}

function watchIdle({ clock, settings, working, onIdle }: TimerOptions): Timer {
  return rewindable(clock, settings.idleMs, (rewind) => (working() ? rewind() : onIdle()))
}

/** ssh2's own keep-alive runs on real time and can throw out of its timer when the transport has died. */
function keepAlive({ clock, settings, socket, transport, onDead }: TimerOptions): Timer {
  let heard = socket.bytesRead
  let misses = 0
  return rewindable(clock, settings.keepAliveMs, (rewind) => {
    // What is not read is not silence.
    if (socket.bytesRead !== heard || socket.isPaused()) misses = 0
    heard = socket.bytesRead
    if (misses >= settings.keepAliveMisses) return onDead()
    misses += 1
    try {
      transport.ping()
    } catch {
      return onDead()
    }
    rewind()
  })
}

/** RFC 4253, section 9: after a gigabyte or an hour; ssh2 leaves it to the client. */
function scheduleRekeys(options: TimerOptions): { byBytes(): void; cancel(): void } {
  const { clock, settings, traffic, client, transport, onRekey, onDead } = options
  const limit = settings.rekeyBytes > 0 ? settings.rekeyBytes : Infinity
  let since = traffic.bytes
  const begin = (): void => {
    if (transport.inKeyExchange) return
    since = traffic.bytes
    try {
      client.rekey()
      onRekey()
    } catch {
      onDead()
    }
  }
  const byTime = (rewind: () => void): void => {
    begin()
    rewind()
  }
  const timer = settings.rekeyMs > 0 ? rewindable(clock, settings.rekeyMs, byTime) : undefined
  client.on('rekey', () => {
    since = traffic.bytes
    timer?.refresh()
  })
  return {
    byBytes() {
      if (traffic.bytes - since >= limit) begin()
    },
    cancel: () => timer?.cancel(),
  }
}
