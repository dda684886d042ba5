// draft-preston-ftpext-deflate section 3: MODE Z, a data connection that carries one zlib stream (RFC 1950).
import type { Duplex } from 'node:stream'
import { createDeflate, createInflate, type Inflate } from 'node:zlib'
import type { DataSocket } from './data-channel.ts'

/** What is (un)packed at once: whatever a peer sends, no more than this and the streams' own buffers is held. */
const PIECE = 64 * 1024

const closedEarly = () => new Error('data connection closed early')

/** Nobody would hear of a loss after the pump has left; before, it learns it from the failed write or the 'close'. */
function bindTo(socket: DataSocket, stream: Duplex): void {
  stream.on('error', () => undefined)
  socket.once('close', () => {
    if (!stream.readableEnded) stream.destroy(closedEarly())
  })
  // Its 'close' may have been told already.
  if (socket.destroyed) stream.destroy(closedEarly())
}

/** What is written to it goes packed to the socket; `flushDeflate` ends it. */
export function deflateTo(socket: DataSocket, level: number): Duplex {
  const deflate = createDeflate({ level, chunkSize: PIECE })
  bindTo(socket, deflate)
  deflate.pipe(socket, { end: false })
  return deflate
}

/** Resolves when the rest is on its way; the socket is not ended. */
export function flushDeflate(deflate: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    // One that is destroyed tells nothing any more.
    if (deflate.destroyed) return reject(closedEarly())
    deflate.once('end', resolve).once('error', reject)
    deflate.once('close', () => reject(closedEarly()))
    deflate.end()
  })
}

/** Bytes behind its stream zlib lets lie, and ends with them unused, as if all were well. */
function demandUsedUp(inflate: Inflate): void {
  const { push } = inflate
  inflate.push = (chunk: unknown) => {
    if (chunk !== null || inflate.writableLength === 0) return push.call(inflate, chunk)
    inflate.destroy(new Error('bytes behind the end of the zlib stream'))
    return false
  }
}

/** Gives unpacked what the socket brings, no faster than it is taken. Fails when the stream is cut, is no zlib or goes on behind its end. */
export function inflateFrom(socket: DataSocket): Duplex {
  const inflate = createInflate({ chunkSize: PIECE })
  demandUsedUp(inflate)
  bindTo(socket, inflate)
  socket.pipe(inflate)
  return inflate
}
