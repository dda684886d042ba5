import type { TransferOutcome } from '../audit/events.ts'
import type { Clock } from '../ports.ts'
import type { MaybePromise, OpenedFile, ReadHandle, StagedFile, WriteHandle } from '../vfs/storage.ts'

/** How a transfer went: bytes moved by this handle, not the size of the file. */
export type TransferReport = Readonly<{ outcome: TransferOutcome; bytes: number; durationMs: number }>

export type MeterOptions = Readonly<{
  clock: Pick<Clock, 'monotonic'>
  /** Called exactly once per handle, when it ends. */
  report: (transfer: TransferReport) => void
}>

export type UploadOptions = MeterOptions &
  Readonly<{
    /** Throws access.denied unless the user may: an upload handle must not be a way around a missing permission. */
    demand: (action: 'read' | 'attributes') => void
  }>

function createTally({ clock, report }: MeterOptions) {
  const startedAt = clock.monotonic()
  let ended = false
  return {
    bytes: 0,
    failure: undefined as unknown,
    /** Remembers the first failure and passes it on. */
    fail(error: unknown): never {
      this.failure ??= error
      throw error
    },
    end(outcome: TransferOutcome): void {
      if (ended) return
      ended = true
      report({ outcome, bytes: this.bytes, durationMs: Math.round(clock.monotonic() - startedAt) })
    },
  }
}

/** Counts a download. It is complete when a read reached the end that the file had at open, or a later one. */
export function meterRead(file: OpenedFile, options: MeterOptions): ReadHandle {
  const tally = createTally(options)
  const { sendTo } = file
  let reachedEnd = file.size === 0
  const count = (bytes: number, position: number): number => {
    tally.bytes += bytes
    if (bytes === 0 || position + bytes >= file.size) reachedEnd = true
    return bytes
  }
  return {
    stat: () => file.stat(),
    sendTo:
      sendTo &&
      ((descriptor, position, max) => {
        const bytes = sendTo(descriptor, position, max)
        // Nothing sent says nothing about the end.
        return bytes === undefined || bytes === 0 ? bytes : count(bytes, position)
      }),
    read: (into, position) => {
      try {
        const bytes = file.read(into, position)
        if (typeof bytes === 'number') return count(bytes, position)
        return bytes.then(
          (read) => count(read, position),
          (error: unknown) => tally.fail(error),
        )
      } catch (error) {
        return tally.fail(error)
      }
    },
    close: async () => {
      tally.end(tally.failure !== undefined ? 'failed' : reachedEnd ? 'complete' : 'aborted')
      await file.close()
    },
  }
}

function byteLength(chunks: readonly Uint8Array[]): number {
  let bytes = 0
  for (const chunk of chunks) bytes += chunk.byteLength
  return bytes
}

/**
 * Counts an upload. After a failed write only a broken file could be committed, so `commit` then keeps the partial
 * and fails as the write did.
 */
export function meterWrite(staged: StagedFile, options: UploadOptions): WriteHandle {
  const tally = createTally(options)
  const counted = (bytes: number, work: () => MaybePromise<void>): MaybePromise<void> => {
    try {
      const done = work()
      tally.bytes += bytes
      return done === undefined ? done : done.catch((error: unknown) => tally.fail(error))
    } catch (error) {
      return tally.fail(error)
    }
  }
  const finish = async (outcome: TransferOutcome, work: () => Promise<unknown>): Promise<void> => {
    tally.end(tally.failure === undefined ? outcome : 'failed')
    await work()
  }
  return {
    get size() {
      return staged.size
    },
    write: (chunk, position) => counted(chunk.byteLength, () => staged.write(chunk, position)),
    writev: (chunks, position) => counted(byteLength(chunks), () => staged.writev(chunks, position)),
    read: (into, position) => {
      options.demand('read')
      return staged.read(into, position)
    },
    stat: () => staged.stat(),
    setAttributes: async (changes) => {
      const { size: _size, ...others } = changes
      if (Object.keys(others).length > 0) options.demand('attributes')
      await staged.setAttributes(changes)
    },
    sync: () => staged.sync(),
    commit: async () => {
      try {
        if (tally.failure !== undefined) throw tally.failure
        const { entry } = await staged.commit()
        tally.end('complete')
        return entry
      } catch (error) {
        tally.end('failed')
        await staged.abort()
        throw error
      }
    },
    abort: () => finish('aborted', () => staged.abort()),
    discard: () => finish('aborted', () => staged.discard()),
  }
}
