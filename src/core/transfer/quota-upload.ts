import { errorCodeOf } from '../errors.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { AttributeChanges, Entry, StagedFile, Usage } from '../vfs/storage.ts'
import { byteLength } from './byte-length.ts'
import { minus, type Quota } from './quota.ts'

/** Space is reserved in steps, so that the state store is asked once per MiB and not once per chunk. */
const STEP_BYTES = 1024 * 1024

type Reservation = Readonly<{
  /** False while a step is under way, so that writes keep their order. */
  has: (end: number) => boolean
  take: (end: number) => Promise<void>
}>

/** Keeps `charged` bytes at or above what the upload needs; several writes may ask at once. */
function createReservation(quota: Quota, charged: { bytes: number; files: number }): Reservation {
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
    has: (end) => step === undefined && end <= charged.bytes,
    take: async (end) => {
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

/** What stands on the account of an upload before it is opened whole. */
type Account = Readonly<{
  quota: Quota
  /** A file has the name already. */
  replacing: boolean
  /** Bytes that were charged for a copy. */
  reserved: number
}>

/** Charges what is there at the start; gives it up again when even that is too much. */
async function chargeStart(staged: StagedFile, { quota, replacing, reserved }: Account): Promise<Usage> {
  const { inherited } = staged
  const counted: Usage = { bytes: inherited.bytes + reserved, files: inherited.files }
  // A file that will be replaced has its place already: with a full count of files it can still be overwritten.
  const start: Usage = { bytes: staged.size, files: Math.max(inherited.files, replacing ? 0 : 1) }
  try {
    await quota.charge(minus(start, counted))
    return start
  } catch (error) {
    await quota.settle(minus(await staged.discard(), counted))
    throw error
  }
}

/** A class for the reason that MeteredWrite is one. */
class ChargedUpload implements StagedFile {
  readonly #staged: StagedFile
  readonly #quota: Quota
  readonly #charged: { bytes: number; files: number }
  readonly #space: Reservation
  /** The charge is what is left of it; whatever ends it once more changes nothing. */
  #settled = false

  constructor(staged: StagedFile, quota: Quota, start: Usage) {
    this.#staged = staged
    this.#quota = quota
    this.#charged = { ...start }
    this.#space = createReservation(quota, this.#charged)
  }

  get inherited(): Usage {
    return this.#staged.inherited
  }

  get size(): number {
    return this.#staged.size
  }

  write(chunk: Uint8Array, position: number): MaybePromise<void> {
    return this.#reserved(position + chunk.byteLength, () => this.#staged.write(chunk, position))
  }

  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void> {
    return this.#reserved(position + byteLength(chunks), () => this.#staged.writev(chunks, position))
  }

  read(into: Uint8Array, position: number): MaybePromise<number> {
    return this.#staged.read(into, position)
  }

  stat(): Promise<Entry> {
    return this.#staged.stat()
  }

  async setAttributes(changes: AttributeChanges): Promise<void> {
    if (changes.size !== undefined) await this.#space.take(changes.size)
    await this.#staged.setAttributes(changes)
  }

  sync(): Promise<void> {
    return this.#staged.sync()
  }

  async commit(): Promise<{ entry: Entry; freed: Usage }> {
    const done = await this.#staged.commit()
    await this.#settle(minus({ bytes: done.entry.size, files: 1 }, done.freed))
    return done
  }

  async abort(): Promise<Usage> {
    const left = await this.#staged.abort()
    return this.#settled ? left : this.#settle(left)
  }

  async discard(): Promise<Usage> {
    const left = await this.#staged.discard()
    return this.#settled ? left : this.#settle(left)
  }

  #reserved(end: number, work: () => MaybePromise<void>): MaybePromise<void> {
    return this.#space.has(end) ? work() : this.#space.take(end).then(work)
  }

  async #settle(left: Usage): Promise<Usage> {
    this.#settled = true
    const delta = minus(left, this.#charged)
    Object.assign(this.#charged, left)
    await this.#quota.settle(delta)
    return left
  }
}

/** Charges so many bytes, or throws quota.exceeded. */
export type Reserve = (bytes: number) => Promise<void>

/**
 * Opens an upload with a quota in front of it: writes beyond the limit fail with quota.exceeded, and however the upload
 * ends the charge then equals what is left on the storage. `replacing`: a file has the name already.
 */
export async function openWithQuota(
  quota: Quota,
  replacing: boolean,
  open: (reserve: Reserve) => MaybePromise<StagedFile>,
): Promise<StagedFile> {
  await quota.prepare()
  let reserved = 0
  const reserve = async (bytes: number) => {
    await quota.charge({ bytes, files: 0 })
    reserved += bytes
  }
  let staged: StagedFile
  try {
    staged = await open(reserve)
  } catch (error) {
    await quota.settle({ bytes: -reserved, files: 0 })
    throw error
  }
  return new ChargedUpload(staged, quota, await chargeStart(staged, { quota, replacing, reserved }))
}
