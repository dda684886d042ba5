import type { Duplex } from 'node:stream'
import { errorCodeOf, FileServerError } from '../core/errors.ts'
import type { VirtualPath } from '../core/vfs/path.ts'
import type { VfsSession } from '../core/vfs/session.ts'
import type { WriteHandle } from '../core/vfs/storage.ts'
import { fromNetwork, toNetwork } from './ascii.ts'
import type { DataSocket } from './data-channel.ts'
import type { DataLink } from './data-link.ts'
import { deflateTo, flushDeflate, inflateFrom } from './deflate.ts'
import { receiveUp } from './link-up.ts'
import { pumpDown } from './pump-down.ts'
import { pumpUp } from './pump-up.ts'
import { type Reply, reply } from './replies.ts'
import type { Direction } from './secure-data.ts'
import type { Ftp, Transfer } from './session.ts'
import { linkSink, socketSink } from './sinks.ts'

export const DONE: Reply = reply(226, 'Transfer complete.')

export type Job = Readonly<{ ftp: Ftp; transfer: Transfer; opening: Reply }>

/**
 * Says `opening`, opens the data connection, runs `use` and closes the connection. Whatever breaks in between, but
 * for the core's own refusals, is transfer.aborted.
 */
async function withConnection(
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

/** `withConnection` on a link: no stream, no signal, and nothing to wait for where the client keeps up. */
async function withLink({ ftp, transfer, opening }: Job, use: (link: DataLink) => Promise<void>) {
  ftp.say(opening)
  transfer.throwIfAborted()
  const opened = ftp.data.openLink(() => transfer.signal)
  const link = opened instanceof Promise ? await opened : opened
  ftp.stall.begin(transfer)
  transfer.cut = () => link.cut()
  try {
    await use(link)
  } catch (cause) {
    link.close()
    if (cause instanceof FileServerError) throw cause
    throw new FileServerError('transfer.aborted', 'data connection lost', { cause })
  } finally {
    transfer.cut = undefined
    ftp.stall.end()
  }
}

/** The bytes of the file are those of the connection, and no stream is in between. */
function goesDirect({ data, dialog }: Ftp): boolean {
  return dialog.type === 'I' && dialog.mode === 'S' && data.direct
}

function progressOf({ ftp, transfer }: Job): (bytes: number) => void {
  return (bytes) => {
    transfer.bytes += bytes
    ftp.stall.moved()
  }
}

function pack({ settings, dialog }: Ftp, socket: DataSocket, direction: Direction): Duplex {
  if (direction === 'up') return inflateFrom(socket)
  return deflateTo(socket, dialog.deflateLevel ?? settings.deflateLevel)
}

/** Sends our end (close_notify and FIN). */
function finish(socket: DataSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(signal.aborted ? signal.reason : new Error('data connection closed early'))
    if (socket.destroyed) return lost()
    socket.once('error', reject)
    socket.once('close', lost)
    socket.end(() => {
      socket.off('error', reject).off('close', lost)
      resolve()
    })
  })
}

/** Streams text such as a listing, with back-pressure. */
export function sendText(job: Job, texts: AsyncIterable<string>): Promise<void> {
  return withConnection(job, 'down', async (socket, progress) => {
    for await (const text of texts) {
      job.transfer.signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        socket.write(text, (error) => (error ? reject(error) : resolve()))
      })
      progress(text.length)
    }
  })
}

/** RETR: opens the file first, so that a refusal costs no data connection. */
export async function sendFile(
  { ftp, transfer }: Omit<Job, 'opening'>,
  files: VfsSession,
  path: VirtualPath,
): Promise<void> {
  const source = await files.openRead(path, transfer)
  try {
    const { size } = await source.stat()
    const from = ftp.dialog.restartAt
    if (from > size) throw new FileServerError('transfer.bad-offset')
    const opening = reply(
      150,
      `Opening ${ftp.dialog.type === 'A' ? 'ASCII' : 'BINARY'} data connection (${size} bytes).`,
    )
    const job = { ftp, transfer, opening }
    const content = { source, from, expected: size - from, signal: transfer }
    if (goesDirect(ftp)) {
      await withLink(job, async (link) => {
        await pumpDown(linkSink(link), { ...content, convert: undefined, progress: progressOf(job) })
        link.endSending()
        ftp.data.leave(link)
      })
      return
    }
    const convert = ftp.dialog.type === 'A' ? toNetwork() : undefined
    await withConnection(job, 'down', (socket, progress) =>
      pumpDown(socketSink(socket), { ...content, convert, progress }),
    )
  } finally {
    await source.close()
  }
}

/** Receives into `target` from offset `at` on, then commits; any failure keeps what came as the owner's partial. */
export async function receiveFile(job: Job, target: WriteHandle, at: number): Promise<void> {
  const { ftp, transfer } = job
  try {
    if (goesDirect(ftp)) {
      await withLink(job, (link) => receiveUp(link, { target, at, progress: progressOf(job) }))
    } else {
      const convert = ftp.dialog.type === 'A' ? fromNetwork() : undefined
      await withConnection(job, 'up', (socket, progress) =>
        pumpUp(socket, { target, at, convert, signal: transfer.signal, progress }),
      )
    }
    transfer.throwIfAborted()
  } catch (error) {
    await keepPartial(ftp, target)
    throw error
  }
  await target.commit()
}

async function keepPartial(ftp: Ftp, target: WriteHandle): Promise<void> {
  try {
    await target.abort()
  } catch (error) {
    // The first failure is the one to tell; this one is for the log.
    ftp.logger.warn({ session: ftp.origin.session, code: errorCodeOf(error) }, 'partial upload not kept')
  }
}
