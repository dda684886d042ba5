import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createLineReader, type LineItem } from './line-reader.ts'
import { formatReply, type Reply } from './replies.ts'
import type { TlsPeer } from './tls.ts'

/** Unsent replies after which no further command is run: the client does not read. */
const MAX_UNSENT_BYTES = 64 * 1024

export type WireEvents = Readonly<{
  item: (item: LineItem) => void
  /** The client sends nothing more. */
  end: () => void
  /** The socket is gone, for whatever reason; the last event. */
  gone: () => void
}>

/** The control connection's bytes, in clear or in TLS. */
export type Wire = {
  send(reply: Reply): void
  pause(): void
  resume(): void
  /** Calls back when the client has read enough of the replies; at once if it has. */
  whenWritable(then: () => void): void
  /** True when nothing that came in clear is left unread in the process. */
  readonly clean: boolean
  /** Sends `last`, then goes on inside TLS. Rejects when the handshake fails; the socket is gone then. */
  upgrade(peer: TlsPeer, last: Reply | undefined): Promise<TLSSocket>
  /** Sends what is queued and closes. */
  end(): void
  destroy(): void
}

export function createWire(raw: Socket, maxLineBytes: number, events: WireEvents): Wire {
  let socket: Socket | TLSSocket = raw
  let gone = false
  const reader = createLineReader(maxLineBytes, events.item)

  // Half-open, or Node would close our side before queued replies are out.
  raw.allowHalfOpen = true
  raw.setNoDelay(true)
  const onData = (chunk: Uint8Array) => reader.feed(chunk)
  const onEnd = () => events.end()
  const onClose = () => {
    if (gone) return
    gone = true
    raw.destroy()
    events.gone()
  }
  function listen(to: Socket | TLSSocket): void {
    to.on('data', onData).on('end', onEnd).on('close', onClose)
  }
  // 'close' follows every error and is where it is handled.
  raw.on('error', () => undefined)
  listen(raw)

  return {
    send(reply) {
      if (!gone && socket.writable) socket.write(formatReply(reply))
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    whenWritable(then) {
      if (gone || socket.writableLength < MAX_UNSENT_BYTES) return then()
      socket.once('drain', then)
    },
    get clean() {
      return !reader.pending && socket.readableLength === 0
    },
    async upgrade(peer, last) {
      raw.pause()
      raw.off('data', onData).off('end', onEnd)
      if (last !== undefined) raw.write(formatReply(last))
      const secure = await peer.accept(raw)
      raw.off('close', onClose)
      socket = secure
      if (secure.destroyed) onClose()
      else listen(secure)
      // An end that came with the last bytes of the handshake has been told already.
      if (secure.readableEnded) onEnd()
      return secure
    },
    end() {
      if (!gone) socket.end()
    },
    destroy() {
      socket.destroy()
      raw.destroy()
    },
  }
}
