import { closeSync, constants, futimesSync, linkSync, openSync, renameSync, unlinkSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { AttributeChanges, Entry, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE, type Staging } from '../staged-upload.ts'
import { type Attributes, applyAttributes, asFarAsAllowed } from './apply-attributes.ts'
import { freedBy } from './changes.ts'
import type { LocalContext } from './context.ts'
import { isSame, MODE_BITS, usageOf } from './entry.ts'
import { errnoOf, guarded, refusesHardLinks, translate } from './errno.ts'
import { createFileIo, type FileIo } from './file-io.ts'
import { fileTime } from './file-time.ts'
import { flush, thenFlushNames } from './flush.ts'
import type { Spot } from './jail.ts'
import { closeFile, lettingGo } from './letting-go.ts'
import { inside } from './proc.ts'

const NEW_FILE_MODE = 0o666

type Published = Readonly<{ entry: Entry; freed: Usage }>
const NO_ATTRIBUTES: Attributes = {}

/** What is written: an open file of `size` bytes, and what it is to be called. */
export type OpenedContent = Readonly<{ fd: number; size: number; name: string }>

/** The part of a Staging that is the same whether a partial or the file itself is written. */
class Content {
  protected readonly context: LocalContext
  protected readonly fd: number
  protected readonly name: string
  protected pending: Attributes = NO_ATTRIBUTES
  readonly #io: FileIo

  constructor(context: LocalContext, { fd, size, name }: OpenedContent) {
    this.context = context
    this.fd = fd
    this.name = name
    this.#io = createFileIo(fd, size, context)
  }

  get size(): number {
    return this.#io.size
  }

  write(chunk: Uint8Array, position: number): MaybePromise<void> {
    return this.#io.write(chunk, position)
  }

  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void> {
    return this.#io.writev(chunks, position)
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#io.read(into, position)
  }

  drained(): MaybePromise<void> {
    return this.#io.drained()
  }

  stat(): Promise<Entry> {
    return guarded(() => {
      const entry = this.context.system.fstat(this.fd, this.name)
      return { ...entry, ...this.pending, mode: (this.pending.mode ?? entry.mode) & MODE_BITS }
    })
  }

  setAttributes({ size, ...rest }: AttributeChanges): Promise<void> {
    return guarded(async () => {
      if (size !== undefined) await this.#io.resize(size)
      this.pending = { ...this.pending, ...rest }
    })
  }

  sync(): Promise<void> {
    return this.#io.sync()
  }
}

/** Gives the partial its final name without ever replacing a file, where the system cannot do that in one step. */
function publishExclusively(from: string, to: string): void {
  try {
    linkSync(from, to)
    unlinkSync(from)
  } catch (error) {
    if (!refusesHardLinks(error)) throw error
    // Whoever makes the name owns it: then our own empty file is all that the rename replaces.
    closeSync(openSync(to, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600))
    renameSync(from, to)
  }
}

export type StagingOptions = Readonly<{
  context: LocalContext
  /** The final name; its directory is retained for this staging, which releases it. */
  spot: Spot
  /** The name of the partial. */
  name: string
  /** `fresh`: nobody has given it another mode than the one it was made with. */
  partial: Readonly<{ fd: number; size: number; fresh: boolean }>
  exclusive: boolean
  /** What had the final name when the upload began. */
  existing: Entry | undefined
}>

/** An upload into a partial beside its final name. */
class PartialStaging extends Content implements Staging {
  readonly #spot: Spot
  readonly #partialName: string
  readonly #fresh: boolean
  readonly #exclusive: boolean
  readonly #existing: Entry | undefined

  constructor({ context, spot, name, partial, exclusive, existing }: StagingOptions) {
    super(context, { fd: partial.fd, size: partial.size, name: spot.name })
    this.#spot = spot
    this.#partialName = name
    this.#fresh = partial.fresh
    this.#exclusive = exclusive
    this.#existing = existing
  }

  publish(): MaybePromise<Published> {
    if (this.context.settings.syncOnCommit) return guarded(() => this.#publishDurably())
    try {
      return this.#publish()
    } catch (error) {
      throw translate(error)
    }
  }

  /** With the mode that it will have, and not the one that hides it until then. */
  override async stat(): Promise<Entry> {
    const entry = await super.stat()
    return { ...entry, mode: (this.pending.mode ?? this.#usualMode(this.#existing)) & MODE_BITS }
  }

  keep(): Promise<Usage> {
    // As large as it is on the disk: a write that failed may have left something.
    return guarded(() => {
      const own = this.#own()
      if (!this.#isOurs(own)) return NO_USAGE
      this.#renewTime()
      return usageOf(own)
    })
  }

  drop(): Promise<Usage> {
    return guarded(() => {
      if (this.#isOurs(this.#own())) {
        this.context.system.unlink(this.#spot.directory.fd, this.#partialName)
      }
      return NO_USAGE
    })
  }

  close(): MaybePromise<void> {
    this.context.directories.release(this.#spot.directory)
    return closeFile(this.fd, this.size)
  }

  /** A commit that failed may have given it the time that the file was to have: by that it might be too old to keep. */
  #renewTime(): void {
    if (this.pending.mtimeMs === undefined) return
    const now = fileTime(this.context.clock.now())
    asFarAsAllowed(() => futimesSync(this.fd, now, now))
  }

  #own(): Entry {
    return this.context.system.fstat(this.fd, this.name)
  }

  /** The name still leads to what this upload writes. */
  #isOurs(own: Entry): boolean {
    return isSame(this.context.system.lstat(this.#spot.directory.fd, this.#partialName), own)
  }

  /** A name that only the memory knows would be gone with the power. */
  #publishDurably(): Promise<Published> {
    return thenFlushNames(this.#spot.directory.fd, async () => {
      await flush(this.fd)
      return this.#publish()
    })
  }

  #publish(): Published {
    const own = this.#own()
    if (!this.#isOurs(own)) throw new FileServerError('transfer.aborted', 'the partial is no longer ours')
    if (this.#existing !== undefined) return this.#replace(own)
    return this.#makeName(own) ?? this.#replace(this.#own())
  }

  /** In one step, as nothing had the name when the upload began. Undefined, and nothing done, when that is not so any more. */
  #makeName(own: Entry): Published | undefined {
    const { fd } = this.#spot.directory
    const entry = this.#dress(own, undefined)
    try {
      const made = this.context.system.renameNew(fd, this.#partialName, fd, this.name)
      return made ? { entry, freed: NO_USAGE } : undefined
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return undefined
      throw error
    }
  }

  #replace(own: Entry): Published {
    const { system } = this.context
    const { directory, name, at } = this.#spot
    const old = system.lstat(directory.fd, name)
    if (old?.kind === 'directory') throw new FileServerError('path.is-directory')
    if (this.#exclusive && old !== undefined) throw new FileServerError('path.exists')
    const entry = this.#dress(own, old)
    if (this.#exclusive) publishExclusively(inside(directory.fd, this.#partialName), at)
    else
      lettingGo(directory.fd, old, () => system.rename(directory.fd, this.#partialName, directory.fd, name))
    return { entry, freed: freedBy(this.context, old) }
  }

  /** Unless the client asks for another one. */
  #usualMode(old: Entry | undefined): number {
    return old?.kind === 'file' ? old.mode : NEW_FILE_MODE & ~this.context.settings.umask
  }

  /** Gives the partial the attributes it is to have; returns what it then is. */
  #dress(own: Entry, old: Entry | undefined): Entry {
    const { mode = this.#usualMode(old), mtimeMs, atimeMs } = this.pending
    if (this.#fresh && this.pending === NO_ATTRIBUTES && mode === own.mode) return own
    const known =
      applyAttributes(this.fd, { ...this.pending, mode }) && mtimeMs === undefined && atimeMs === undefined
    return known ? { ...own, mode: mode & MODE_BITS } : this.#own()
  }
}

/** An edit of the file itself: what is written stays, however the upload ends. */
class InPlaceStaging extends Content implements Staging {
  readonly #inherited: number
  /** Bytes that the file is to be charged for once it has ended. */
  #left: number | undefined

  constructor(context: LocalContext, opened: OpenedContent) {
    super(context, opened)
    this.#inherited = opened.size
  }

  publish(): Promise<Published> {
    return guarded(async () => {
      applyAttributes(this.fd, this.pending)
      if (this.context.settings.syncOnCommit) await flush(this.fd)
      const entry = this.context.system.fstat(this.fd, this.name)
      return { entry, freed: { bytes: entry.size - this.#end(entry), files: 0 } }
    })
  }

  keep(): Promise<Usage> {
    return guarded(() => ({ bytes: this.#end(this.context.system.fstat(this.fd, this.name)), files: 1 }))
  }

  drop(): Promise<Usage> {
    return this.keep()
  }

  close(): MaybePromise<void> {
    return closeFile(this.fd, this.size)
  }

  #end(entry: Entry): number {
    this.#left ??= this.#inherited + this.context.inPlace.end(entry)
    return this.#left
  }
}

/** Takes over the descriptor and one hold on the directory. */
export function createStaging(options: StagingOptions): Staging {
  return new PartialStaging(options)
}

/** Takes over the descriptor, of what the entry describes. */
export function createInPlace(context: LocalContext, fd: number, entry: Entry): Staging {
  context.inPlace.begin(entry)
  return new InPlaceStaging(context, { fd, size: entry.size, name: entry.name })
}
