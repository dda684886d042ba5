import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsync,
  ftruncateSync,
  futimesSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { FileServerError } from '../../core/errors.ts'
import type { AttributeChanges, Entry, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE, type Staging } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { isSame, MODE_BITS, usageOf } from './entry.ts'
import { guarded, refusesHardLinks } from './errno.ts'
import { createFileIo, type FileIo } from './file-io.ts'
import type { Spot } from './jail.ts'
import { inside } from './proc.ts'

const NEW_FILE_MODE = 0o666

const flush = promisify(fsync)

type Attributes = Pick<AttributeChanges, 'mode' | 'mtimeMs' | 'atimeMs'>

/** Sets what the client asked for; later than all writes, which would change the times again. */
export function applyAttributes(fd: number, { mode, mtimeMs, atimeMs }: Attributes): void {
  if (mode !== undefined) fchmodSync(fd, mode & MODE_BITS)
  if (mtimeMs === undefined && atimeMs === undefined) return
  const now = fstatSync(fd)
  futimesSync(fd, (atimeMs ?? now.atimeMs) / 1000, (mtimeMs ?? now.mtimeMs) / 1000)
}

/** What is written: an open file of `size` bytes, and what it is to be called. */
export type OpenedContent = Readonly<{ fd: number; size: number; name: string }>

/** The part of a Staging that is the same whether a partial or the file itself is written. */
function createContent({ clock, system }: LocalContext, { fd, size: start, name }: OpenedContent) {
  const io: FileIo = createFileIo(fd, start, clock)
  let pending: Attributes = {}
  return {
    get size() {
      return io.size
    },
    write: io.write,
    writev: io.writev,
    read: io.read,
    drained: io.drained,
    stat: () =>
      guarded((): Entry => {
        const entry = system.fstat(fd, name)
        return { ...entry, ...pending, mode: (pending.mode ?? entry.mode) & MODE_BITS }
      }),
    setAttributes: ({ size, ...rest }: AttributeChanges) =>
      guarded(async () => {
        if (size !== undefined) {
          await io.drained()
          ftruncateSync(fd, size)
          io.resized(size)
        }
        pending = { ...pending, ...rest }
      }),
    sync: () =>
      guarded(async () => {
        await io.drained()
        await flush(fd)
      }),
    get pending(): Attributes {
      return pending
    },
    flush: () => flush(fd),
  }
}

/** Gives the partial its final name without ever replacing a file, in one step where the file system can. */
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
}>

/** An upload into a partial beside its final name. Takes over the descriptor and one hold on the directory. */
export function createStaging({ context, spot, name, partial, exclusive }: StagingOptions): Staging {
  const { directory } = spot
  const { system, settings } = context
  const { fd, fresh } = partial
  const content = createContent(context, { fd, size: partial.size, name: spot.name })

  const isOurs = (own: Entry = system.fstat(fd, name)): boolean =>
    isSame(system.lstat(directory.fd, name), own)
  const newMode = (old: Entry | undefined): number =>
    old?.kind === 'file' ? old.mode : NEW_FILE_MODE & ~settings.umask

  /** Gives the partial the attributes it is to have; resolves to what it then is. */
  const dress = (own: Entry, attributes: Attributes): Entry => {
    const { mode, mtimeMs, atimeMs } = attributes
    if (fresh && mode === own.mode && mtimeMs === undefined && atimeMs === undefined) return own
    applyAttributes(fd, attributes)
    return system.fstat(fd, spot.name)
  }
  const publish = (): { entry: Entry; freed: Usage } => {
    const own = system.fstat(fd, spot.name)
    if (!isOurs(own)) throw new FileServerError('transfer.aborted', 'the partial is no longer ours')
    const old = system.lstat(directory.fd, spot.name)
    if (old?.kind === 'directory') throw new FileServerError('path.is-directory')
    if (exclusive && old !== undefined) throw new FileServerError('path.exists')
    const entry = dress(own, { mode: newMode(old), ...content.pending })
    if (exclusive) publishExclusively(inside(directory.fd, name), spot.at)
    else system.rename(directory.fd, name, directory.fd, spot.name)
    return { entry, freed: usageOf(old) }
  }
  return {
    ...content,
    get size() {
      return content.size
    },
    publish: () =>
      guarded(async () => {
        if (settings.syncOnCommit) await content.flush()
        return publish()
      }),
    keep: () => guarded(() => (isOurs() ? { bytes: content.size, files: 1 } : NO_USAGE)),
    drop: () =>
      guarded(() => {
        if (isOurs()) system.unlink(directory.fd, name)
        return NO_USAGE
      }),
    close: async () => {
      context.directories.release(directory)
      closeSync(fd)
    },
  }
}

/** An edit of the file itself: what is written stays, however the upload ends. Takes over the descriptor. */
export function createInPlace(context: LocalContext, opened: OpenedContent): Staging {
  const { fd, name } = opened
  const content = createContent(context, opened)
  const kept = async (): Promise<Usage> => ({ bytes: content.size, files: 1 })
  return {
    ...content,
    get size() {
      return content.size
    },
    publish: () =>
      guarded(async () => {
        applyAttributes(fd, content.pending)
        if (context.settings.syncOnCommit) await content.flush()
        return { entry: context.system.fstat(fd, name), freed: NO_USAGE }
      }),
    keep: kept,
    drop: kept,
    close: async () => closeSync(fd),
  }
}
