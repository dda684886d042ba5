import { errorCodeOf, FileServerError } from '../core/errors.ts'
import { andThen, type MaybePromise } from '../core/maybe-promise.ts'
import type { VirtualPath } from '../core/vfs/path.ts'
import type { VfsSession } from '../core/vfs/session.ts'
import type { ReadHandle, WriteHandle } from '../core/vfs/storage.ts'
import { toNetwork } from './ascii.ts'
import { allTold, type Sink } from './course.ts'
import { endDown, goesDirect, progressOf, withLink } from './link-transfer.ts'
import { receiveUp } from './link-up.ts'
import { pumpDown } from './pump-down.ts'
import { pumpUp } from './pump-up.ts'
import { type Reply, reply } from './replies.ts'
import type { Ftp, Transfer } from './session.ts'
import { linkSink, socketSink } from './sinks.ts'
import { type Job, withConnection } from './stream-transfer.ts'

export const DONE: Reply = reply(226, 'Transfer complete.')

/** Streams text such as a listing, with back-pressure. */
export async function sendText(job: Job, texts: AsyncIterable<string>): Promise<void> {
  const { ftp, transfer } = job
  const sendTo = async (sink: Sink, progress: (bytes: number) => void) => {
    for await (const text of texts) {
      transfer.throwIfAborted()
      await sink.write(Buffer.from(text), false)
      progress(text.length)
    }
  }
  if (ftp.dialog.mode !== 'S' || !ftp.data.direct('down'))
    return withConnection(job, 'down', (socket, progress) => sendTo(socketSink(socket, ftp.stall), progress))
  return withLink(job, 'down', async (link) => {
    await sendTo(linkSink(link, ftp.stall), progressOf(job))
    await endDown(job, link)
  })
}

/** RETR: opens the file first, so that a refusal costs no data connection. */
export function sendFile(
  { ftp, transfer }: Omit<Job, 'opening'>,
  files: VfsSession,
  path: VirtualPath,
): MaybePromise<void> {
  return andThen(files.openRead(path, transfer), (source) =>
    whileOpen(source, transfer, () => {
      const { size } = source
      if (ftp.dialog.restartAt > size) throw new FileServerError('transfer.bad-offset')
      const type = ftp.dialog.type === 'A' ? 'ASCII' : 'BINARY'
      const opening = reply(150, `Opening ${type} data connection (${size} bytes).`)
      return sendContent({ ftp, transfer, opening }, source)
    }),
  )
}

function sendContent(job: Job, source: ReadHandle): MaybePromise<void> {
  const { ftp, transfer } = job
  const from = ftp.dialog.restartAt
  const convert = ftp.dialog.type === 'A' ? toNetwork(ftp.lineEnds) : undefined
  const content = { source, from, expected: source.size - from, convert, signal: transfer }
  if (!goesDirect(ftp, 'down')) {
    return withConnection(job, 'down', async (socket, progress) =>
      pumpDown(socketSink(socket, ftp.stall), { ...content, progress }),
    )
  }
  const progress = progressOf(job)
  return withLink(job, 'down', (link) =>
    andThen(pumpDown(linkSink(link, ftp.stall), { ...content, progress }), () => endDown(job, link)),
  )
}

function whileOpen(
  source: ReadHandle,
  { note }: Transfer,
  work: () => MaybePromise<void>,
): MaybePromise<void> {
  const failed = (error: unknown) => {
    note.lost = true
    return andThen(source.close(), () => {
      throw error
    })
  }
  try {
    const working = work()
    return working === undefined ? source.close() : working.then(() => source.close(), failed)
  } catch (error) {
    return failed(error)
  }
}

/** Receives into `target` from offset `at` on, then commits; any failure keeps what came as the owner's partial. */
export function receiveFile(job: Job, target: WriteHandle, at: number): MaybePromise<Reply> {
  const kept = (error: unknown) => keepPartial(job.ftp, target, error)
  const ended = (): MaybePromise<Reply> => {
    try {
      job.transfer.throwIfAborted()
    } catch (error) {
      return kept(error)
    }
    return andThen(target.commit(), () => DONE)
  }
  let receiving: MaybePromise<void>
  try {
    receiving = receive(job, target, at)
  } catch (error) {
    return kept(error)
  }
  return receiving === undefined ? ended() : receiving.then(ended, kept)
}

function receive(job: Job, target: WriteHandle, at: number): MaybePromise<void> {
  const { ftp, transfer } = job
  transfer.outlives = ftp.crypto() === undefined && ftp.openEnded
  const text = ftp.dialog.type === 'A' ? ftp.lineEnds : undefined
  if (!goesDirect(ftp, 'up')) {
    return withConnection(job, 'up', async (socket, progress) => {
      await pumpUp(socket, { target, at, text, signal: transfer.signal, progress })
      const confirmed = ftp.crypto() !== undefined && transfer.note.unconfirmed === undefined
      if (!confirmed) await requireAlive(ftp)
    })
  }
  const died = ftp.crypto() === undefined ? () => ftp.clientDied() : undefined
  return withLink(job, 'up', (link) => receiveUp(link, { target, at, text, died, progress: progressOf(job) }))
}

/** The system ends what a dead client had open one by one: the other end may not have been told yet. */
async function requireAlive(ftp: Ftp): Promise<void> {
  await allTold()
  if (ftp.clientDied() !== 'no') throw new FileServerError('transfer.aborted', 'the client has died')
}

async function keepPartial(ftp: Ftp, target: WriteHandle, failure: unknown): Promise<never> {
  try {
    await target.abort()
  } catch (error) {
    // The first failure is the one to tell; this one is for the log.
    ftp.logger.warn({ session: ftp.origin.session, code: errorCodeOf(error) }, 'partial upload not kept')
  }
  throw failure
}
