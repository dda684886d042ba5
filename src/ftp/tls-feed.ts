import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { canReadInto, readInto } from './read-into.ts'

/**
 * What one read of any feed brings; taken in before the next, so one is enough for all. More at once costs more: it
 * has left the CPU's cache by the time it is decrypted.
 */
const ARRIVING = Buffer.allocUnsafeSlow(64 * 1024)

export type TlsFeed = {
  /** What the TLS socket is made on instead of the raw one. */
  readonly stream: Duplex
  /** Tells the feed which TLS socket reads from it. */
  attach(secure: TLSSocket): void
}

/**
 * Makes a cut TLS stream an error. Node reports the end of the TCP connection and close_notify alike, as 'end', so
 * that an upload which was cut would look complete. The feed holds the TCP end back until all bytes before it have
 * been decrypted: when the TLS stream has not ended by then, close_notify was missing.
 */
export function createTlsFeed(raw: Socket): TlsFeed {
  let secure: TLSSocket | undefined
  let rawEnded = false
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => {
      raw.resume()
    },
    write: (chunk: Buffer, _encoding, done) => {
      raw.write(chunk, done)
    },
    final: (done) => {
      raw.end(done)
    },
    destroy: (error, done) => {
      raw.destroy()
      done(error)
    },
  })

  function judge(): void {
    if (!rawEnded || secure === undefined || stream.readableLength > 0 || secure.readableLength > 0) return
    // 'end' comes by process.nextTick after the last byte was taken, so it is out before this runs.
    setImmediate(() => {
      if (secure === undefined || secure.readableEnded || secure.destroyed) return
      if (secure.isPaused() || secure.readableLength > 0) return
      secure.destroy(new Error('TLS stream was cut'))
    })
  }

  function pass(chunk: Buffer): boolean {
    const go = stream.push(chunk) && !stream.isPaused()
    if (!go) raw.pause()
    return go
  }
  if (canReadInto(raw)) {
    readInto(raw, {
      next: () => ARRIVING,
      filled: (bytes) => {
        const chunk = ARRIVING.subarray(0, bytes)
        // A flowing stream hands the chunk on at once, and the TLS socket copies it; one that waits must own it.
        const owned = stream.readableFlowing !== true || stream.readableLength > 0
        return pass(owned ? Buffer.from(chunk) : chunk)
      },
    })
  } else raw.on('data', pass)
  raw.on('end', () => {
    rawEnded = true
    judge()
    // An end in the middle of the handshake; a finished one would have attached its socket by then.
    setImmediate(() => {
      if (secure === undefined) stream.destroy()
    })
  })
  raw.on('error', (error) => stream.destroy(error))
  raw.on('close', () => {
    if (!rawEnded) stream.destroy()
  })
  return {
    stream,
    attach(socket) {
      secure = socket
      socket.pause()
      socket.on('data', judge)
      // A paused stream keeps its 'end' to itself, so it is judged again when it goes on.
      socket.on('resume', judge)
      judge()
    },
  }
}
