import { errorCodeOf } from '../errors.ts'
import type { MaybePromise, StagedFile, Usage } from '../vfs/storage.ts'
import { minus, type Quota } from './quota.ts'

/** Space is reserved in steps, so that the state store is asked once per MiB and not once per chunk. */
const STEP_BYTES = 1024 * 1024

/** Keeps `charged` bytes at or above what the upload needs; several writes may ask at once. */
function createReservation(quota: Quota, charged: { bytes: number; files: number }) {
  let step: Promise<void> | undefined
  const take = async (bytes: number) => {
    await quota.charge({ bytes, files: 0 })
    charged.bytes += bytes
  }
  const next = async (end: number) => {
    const needed = end - charged.bytes
    if (needed < STEP_BYTES) {
      try {
        return await take(STEP_BYTES)
      } catch (error) {
        // Close to the limit a whole step no longer fits, but what is needed may.
        if (errorCodeOf(error) !== 'quota.exceeded') throw error
      }
    }
    await take(needed)
  }
  return {
    /** False while a step is under way, so that writes keep their order. */
    has: (end: number): boolean => step === undefined && end <= charged.bytes,
    take: async (end: number): Promise<void> => {
      await step
      while (end > charged.bytes) {
        step ??= next(end).finally(() => {
          step = undefined
        })
        await step
      }
    },
  }
}

/** Charges what is there at the start; gives it up again when even that is too much. */
async function chargeStart(staged: StagedFile, quota: Quota, replacing: boolean): Promise<Usage> {
  const { inherited } = staged
  // A file that will be replaced has its place already: with a full count of files it can still be overwritten.
  const start: Usage = { bytes: staged.size, files: Math.max(inherited.files, replacing ? 0 : 1) }
  try {
    await quota.charge(minus(start, inherited))
    return start
  } catch (error) {
    await quota.settle(minus(await staged.discard(), inherited))
    throw error
  }
}

/**
 * Puts a quota in front of a driver's upload: writes beyond the limit fail with quota.exceeded, and however the upload
 * ends the charge then equals what is left on the storage. `replacing`: a file has the name already.
 */
export async function withQuota(staged: StagedFile, quota: Quota, replacing: boolean): Promise<StagedFile> {
  if (!quota.limited) return staged
  const charged = { ...(await chargeStart(staged, quota, replacing)) }
  const space = createReservation(quota, charged)
  const reserved = (end: number, work: () => MaybePromise<void>): MaybePromise<void> =>
    space.has(end) ? work() : space.take(end).then(work)
  const settle = async (left: Usage) => {
    const delta = minus(left, charged)
    Object.assign(charged, left)
    await quota.settle(delta)
  }
  return {
    inherited: staged.inherited,
    get size() {
      return staged.size
    },
    write: (chunk, position) => reserved(position + chunk.byteLength, () => staged.write(chunk, position)),
    writev: (chunks, position) => {
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
      return reserved(position + bytes, () => staged.writev(chunks, position))
    },
    read: (into, position) => staged.read(into, position),
    stat: () => staged.stat(),
    setAttributes: async (changes) => {
      if (changes.size !== undefined) await space.take(changes.size)
      await staged.setAttributes(changes)
    },
    sync: () => staged.sync(),
    commit: async () => {
      const done = await staged.commit()
      await settle(minus({ bytes: done.entry.size, files: 1 }, done.freed))
      return done
    },
    abort: async () => {
      const kept = await staged.abort()
      await settle(kept)
      return kept
    },
    discard: async () => {
      const left = await staged.discard()
      await settle(left)
      return left
    },
  }
}
