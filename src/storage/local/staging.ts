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
  type Stats,
  unlinkSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { FileServerError } from '../../core/errors.ts'
import type { AttributeChanges, Entry, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE, type Staging } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { MODE_BITS, toEntry, usageOf } from './entry.ts'
import { guarded, refusesHardLinks } from './errno.ts'
import { createFileIo, type FileIo } from './file-io.ts'
import type { Spot } from './jail.ts'
import { inside, lstatMaybe } from './proc.ts'

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

/** The part of a Staging that is the same whether a partial or the file itself is written. Closes `fd`. */
export function createContent(fd: number, name: string, context: LocalContext) {
  const io: FileIo = createFileIo(fd, fstatSync(fd).size, context.clock)
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
        const entry = toEntry(fstatSync(fd), name)
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
  partialName: string
  fd: number
  exclusive: boolean
}>

/** An upload into a partial beside its final name. Takes over the descriptor and one hold on the directory. */
export function createStaging({ context, spot, partialName, fd, exclusive }: StagingOptions): Staging {
  const { directory, name } = spot
  const partialAt = inside(directory.fd, partialName)
  const own = fstatSync(fd)
  const content = createContent(fd, name, context)

  const isOurs = (): boolean => {
    const stats = lstatMaybe(partialAt)
    return stats?.ino === own.ino && stats.dev === own.dev
  }
  const newMode = (old: Stats | undefined): number =>
    old?.isFile() ? old.mode & MODE_BITS : NEW_FILE_MODE & ~context.settings.umask

  const publish = (): { entry: Entry; freed: Usage } => {
    if (!isOurs()) throw new FileServerError('transfer.aborted', 'the partial is no longer ours')
    const old = lstatMaybe(spot.at)
    if (old?.isDirectory()) throw new FileServerError('path.is-directory')
    if (exclusive && old !== undefined) throw new FileServerError('path.exists')
    applyAttributes(fd, { mode: newMode(old), ...content.pending })
    if (exclusive) publishExclusively(partialAt, spot.at)
    else renameSync(partialAt, spot.at)
    return { entry: toEntry(fstatSync(fd), name), freed: usageOf(old) }
  }
  return {
    ...content,
    get size() {
      return content.size
    },
    publish: () =>
      guarded(async () => {
        if (context.settings.syncOnCommit) await content.flush()
        return publish()
      }),
    keep: () => guarded(() => (isOurs() ? { bytes: content.size, files: 1 } : NO_USAGE)),
    drop: () =>
      guarded(() => {
        if (isOurs()) unlinkSync(partialAt)
        return NO_USAGE
      }),
    close: async () => {
      context.directories.release(directory)
      closeSync(fd)
    },
  }
}

/** An edit of the file itself: what is written stays, however the upload ends. Takes over the descriptor. */
export function createInPlace(context: LocalContext, name: string, fd: number): Staging {
  const content = createContent(fd, name, context)
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
        return { entry: toEntry(fstatSync(fd), name), freed: NO_USAGE }
      }),
    keep: kept,
    drop: kept,
    close: async () => closeSync(fd),
  }
}
