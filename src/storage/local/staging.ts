import { closeSync, constants, lutimesSync, openSync, renameSync, unlinkSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Entry, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE, type Published, type Staging } from '../staged-upload.ts'
import { applyAttributes, asFarAsAllowed } from './apply-attributes.ts'
import { freedBy } from './changes.ts'
import { Content, NO_ATTRIBUTES } from './content.ts'
import type { LocalContext } from './context.ts'
import { isSame, MODE_BITS, usageOf } from './entry.ts'
import { errnoOf, guarded, guardedNow } from './errno.ts'
import { fileTime } from './file-time.ts'
import { flush, thenFlushNames } from './flush.ts'
import { LINK, Spot } from './jail.ts'
import { closeFile, closeWritten, lettingGo } from './letting-go.ts'
import { moveByLink } from './move-by-link.ts'
import { inside } from './proc.ts'
import { openFile } from './read-handle.ts'

const NEW_FILE_MODE = 0o666

/** Gives the partial its final name without ever replacing a file, where the system cannot do that in one step. */
function publishExclusively(from: string, to: string): void {
  if (moveByLink(from, to)) return
  // Whoever makes the name owns it: then our own empty file is all that the rename replaces.
  closeSync(openSync(to, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600))
  try {
    renameSync(from, to)
  } catch (error) {
    unlinkSync(to)
    throw error
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
  /** What it was when it was closed, to be given its name. */
  #closed: Entry | undefined
  /** What its name has brought, once it has it. */
  #added: Usage | undefined

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
    return guardedNow(() => this.#publish())
  }

  /** With the mode that it will have, and not the one that hides it until then. */
  override async stat(): Promise<Entry> {
    const entry = await super.stat()
    return { ...entry, mode: (this.pending.mode ?? this.#usualMode(this.#existing)) & MODE_BITS }
  }

  keep(): Promise<Usage> {
    // As large as it is on the disk: a write that failed may have left something.
    return guarded(() => this.#added ?? this.#kept())
  }

  drop(): Promise<Usage> {
    return guarded(() => {
      if (this.#added !== undefined) return this.#added
      if (this.#named() !== undefined) {
        this.context.system.unlink(this.#spot.directory.fd, this.#partialName)
      }
      return NO_USAGE
    })
  }

  close(): MaybePromise<void> {
    this.context.directories.release(this.#spot.directory)
    if (this.#closed === undefined) return closeFile(this.fd, this.size)
  }

  #kept(): Usage {
    const own = this.#named()
    if (own === undefined) return NO_USAGE
    this.#renewTime()
    return usageOf(own)
  }

  /** A commit that failed may have given it the time that the file was to have: by that it might be too old to keep. */
  #renewTime(): void {
    if (this.pending.mtimeMs === undefined) return
    const now = fileTime(this.context.clock.now())
    asFarAsAllowed(() => lutimesSync(inside(this.#spot.directory.fd, this.#partialName), now, now))
  }

  /** The partial, if its name still leads to what this upload writes. */
  #named(own = this.#closed ?? this.context.system.fstat(this.fd, this.name)): Entry | undefined {
    const named = this.context.system.lstat(this.#spot.directory.fd, this.#partialName)
    return isSame(named, own) ? named : undefined
  }

  #requireOurs(own: Entry): void {
    if (this.#named(own) === undefined)
      throw new FileServerError('transfer.aborted', 'the partial is no longer ours')
  }

  /** A name that only the memory knows would be gone with the power. */
  #publishDurably(): Promise<Published> {
    return thenFlushNames(this.#spot.directory.fd, async () => {
      await flush(this.fd)
      return this.#publish()
    })
  }

  /** It is closed before it has its name: a file that lost something on the way must not replace a whole one. */
  #publish(): MaybePromise<Published> {
    const own = this.context.system.fstat(this.fd, this.name)
    this.#requireOurs(own)
    const old = this.#existing === undefined ? undefined : this.#old()
    const entry = this.#dress(this.fd, own, old)
    this.#closed = entry
    const closing = closeWritten(this.fd, this.size)
    if (closing === undefined) return this.#give(entry, old)
    return closing.then(() => {
      this.#requireOurs(entry)
      return this.#give(entry, this.#existing === undefined ? undefined : this.#old())
    })
  }

  /** What has the final name now. */
  #old(): Entry | undefined {
    const { directory, name } = this.#spot
    const old = this.context.system.lstat(directory.fd, name)
    if (old?.kind === 'directory') throw new FileServerError('path.is-directory')
    if (this.#exclusive && old !== undefined) throw new FileServerError('path.exists')
    return old
  }

  /** In one step where nothing has the name. */
  #give(entry: Entry, old: Entry | undefined): Published {
    if (old !== undefined) return this.#replace(entry, old)
    if (this.#makeName()) return this.#has({ entry, freed: NO_USAGE })
    const other = this.#old()
    const dressed = other?.kind !== 'file' || this.pending.mode !== undefined
    return this.#replace(dressed ? entry : this.#dressAgain(other), other)
  }

  /** False, and nothing done, when something has the name, or where the system cannot tell in that step. */
  #makeName(): boolean {
    const { fd } = this.#spot.directory
    try {
      return this.context.system.renameNew(fd, this.#partialName, fd, this.name)
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false
      throw error
    }
  }

  #replace(entry: Entry, old: Entry | undefined): Published {
    const { system } = this.context
    const { directory, name, at } = this.#spot
    if (this.#exclusive) publishExclusively(inside(directory.fd, this.#partialName), at)
    else
      lettingGo(directory.fd, old, () => system.rename(directory.fd, this.#partialName, directory.fd, name))
    return this.#has({ entry, freed: freedBy(this.context, old) })
  }

  /** What fails from here on does not take the name away again. */
  #has(published: Published): Published {
    const { bytes, files } = published.freed
    this.#added = { bytes: published.entry.size - bytes, files: 1 - files }
    return published
  }

  /** Unless the client asks for another one. */
  #usualMode(old: Entry | undefined): number {
    return old?.kind === 'file' ? old.mode : NEW_FILE_MODE & ~this.context.settings.umask
  }

  /** Gives the partial the attributes it is to have; returns what it then is. */
  #dress(fd: number, own: Entry, old: Entry | undefined): Entry {
    const { mode = this.#usualMode(old), mtimeMs, atimeMs } = this.pending
    if (this.#fresh && this.pending === NO_ATTRIBUTES && mode === own.mode) return own
    const known =
      applyAttributes(fd, { ...this.pending, mode }) && mtimeMs === undefined && atimeMs === undefined
    return known ? { ...own, mode: mode & MODE_BITS } : this.context.system.fstat(fd, this.name)
  }

  /** For a file that somebody else has made since. */
  #dressAgain(old: Entry): Entry {
    const { system } = this.context
    const file = openFile(system, new Spot(this.#spot.directory, this.#partialName), constants.O_RDONLY)
    if (file === LINK) throw new FileServerError('transfer.aborted', 'the partial became a link')
    try {
      return this.#dress(file.fd, { ...file.entry, name: this.name }, old)
    } finally {
      closeSync(file.fd)
    }
  }
}

/** Takes over the descriptor and one hold on the directory. */
export function createStaging(options: StagingOptions): Staging {
  return new PartialStaging(options)
}
