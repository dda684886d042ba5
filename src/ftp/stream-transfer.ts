import type { Duplex } from 'node:stream'
import { FileServerError } from '../core/errors.ts'
import type { DataSocket } from './data-channel.ts'
import { deflateTo, flushDeflate, inflateFrom } from './deflate.ts'
import type { Direction } from './link-context.ts'
import type { Reply } from './replies.ts'
import type { Ftp, Transfer } from './session.ts'

export type Job = Readonly<{ ftp: Ftp; transfer: Transfer; opening: Reply }>

/**
 * Says `opening`, opens the data connection, runs `use` and closes the connection. Whatever breaks in between, but
 * for the core's own refusals, is transfer.aborted.
 */
export async function withConnection(
  { ftp, transfer, opening }: Job,
  direction: Direction,
  use: (flow: Duplex, progress: (bytes: number) => void) => Promise<void>,
): Promise<void> {
  ftp.say(opening)
  const socket = await ftp.data.open(direction, transfer)
  ftp.stall.begin(transfer)
  // A write that waits for the peer must not outlive the transfer.
  const cut = () => socket.destroy()
  transfer.signal.addEventListener('abort', cut, { once: true })
  try {
    transfer.throwIfAborted()
    const packed = ftp.dialog.mode === 'Z' ? pack(ftp, socket, direction) : undefined
    await use(packed ?? socket, (bytes) => {
      transfer.bytes += bytes
      ftp.stall.moved()
    })
    // All of an upload is here when the client has ended; it may be gone before it sees our end.
    if (direction === 'up') socket.end()
    else {
      if (packed !== undefined) await flushDeflate(packed)
      await finish(socket, transfer.signal)
    }
    ftp.data.release(socket)
  } catch (cause) {
    socket.destroy()
    if (cause instanceof FileServerError) throw cause
    throw new FileServerError('transfer.aborted', 'data connection lost', { cause })
  } finally {
    ftp.stall.end()
    transfer.signal.removeEventListener('abort', cut)
  }
}

function pack({ settings, dialog }: Ftp, socket: DataSocket, direction: Direction): Duplex {
  if (direction === 'up') return inflateFrom(socket)
  return deflateTo(socket, dialog.deflateLevel ?? settings.deflateLevel)
}

/**
 * Sends our end (close_notify and FIN). When all else is the system's, a client may leave with it before it has seen the end,
 * and has lost nothing.
 */
function finish(socket: DataSocket, signal: AbortSignal): Promise<void> {
  const allGone = socket.writableLength === 0
  return new Promise((resolve, reject) => {
    const over = () => {
      socket.off('error', over).off('close', over)
      if (signal.aborted) reject(signal.reason)
      else if (allGone || socket.writableFinished) resolve()
      else reject(new Error('data connection closed early'))
    }
    if (socket.destroyed) over()
    else socket.once('error', over).once('close', over).end(over)
  })
}
