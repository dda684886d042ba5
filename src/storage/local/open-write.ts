import { closeSync, constants, copyFile, openSync, type Stats, unlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import { FileServerError } from '../../core/errors.ts'
import type { StagedFile, StorageKey, Usage, WriteOptions } from '../../core/vfs/storage.ts'
import { createStagedUpload, NO_USAGE } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { usageOf } from './entry.ts'
import { ITSELF, LINK, type Spot } from './jail.ts'
import { inside, lstatMaybe, OPEN_SAFELY, self } from './proc.ts'
import { openFile, requireFile } from './read-handle.ts'
import { createInPlace, createStaging } from './staging.ts'

const { O_RDWR, O_RDONLY, O_CREAT, O_EXCL, COPYFILE_EXCL, COPYFILE_FICLONE } = constants
/** Nobody but the server reads a partial; the final mode comes at commit. */
const PARTIAL_MODE = 0o600

const copy = promisify(copyFile)

/** What lies at the start of an upload, looked up in one turn. */
type Ground = Readonly<{
  spot: Spot
  existing: Stats | undefined
  partialName: string
  partial: Stats | undefined
}>

function survey(context: LocalContext, spot: Spot, options: WriteOptions): Ground {
  const existing = lstatMaybe(spot.at)
  const partialName = context.partials.nameFor(options.owner, spot.name)
  const partial = lstatMaybe(inside(spot.directory.fd, partialName))
  if (existing?.isDirectory()) throw new FileServerError('path.is-directory')
  if (options.exclusive && existing !== undefined) throw new FileServerError('path.exists')
  if (existing !== undefined && !existing.isFile()) {
    throw new FileServerError('storage.unsupported', 'not a regular file')
  }
  if (!options.create && existing === undefined && partial === undefined) {
    throw new FileServerError('path.not-found')
  }
  return { spot, existing, partialName, partial }
}

/** Finds the final name, links followed, and keeps its directory open. */
function locate(context: LocalContext, key: StorageKey): Spot {
  const spot = context.jail.find(key, (found) => {
    if (found.name === ITSELF) throw new FileServerError('path.is-directory')
    return lstatMaybe(found.at)?.isSymbolicLink() ? LINK : found
  })
  context.directories.retain(spot.directory)
  return spot
}

function openPartial(at: string, flags: number): number {
  const fd = openSync(at, O_RDWR | flags | OPEN_SAFELY, PARTIAL_MODE)
  try {
    requireFile(fd)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** A copy shares the blocks with the file where the file system can (FICLONE). */
async function copyOf(spot: Spot, at: string): Promise<number> {
  const source = openFile(spot, O_RDONLY)
  if (source === LINK) throw new FileServerError('storage.busy', 'the file became a link')
  try {
    await copy(self(source.fd), at, COPYFILE_EXCL | COPYFILE_FICLONE)
  } finally {
    closeSync(source.fd)
  }
  return openPartial(at, 0)
}

async function openStart(ground: Ground, start: WriteOptions['start']): Promise<number> {
  const { spot, existing, partial, partialName } = ground
  const at = inside(spot.directory.fd, partialName)
  if (start === 'current' && partial !== undefined) return openPartial(at, 0)
  if (partial !== undefined) unlinkSync(at)
  if (start === 'current' && existing !== undefined) return copyOf(spot, at)
  return openPartial(at, O_CREAT | O_EXCL)
}

function openInPlace(context: LocalContext, spot: Spot): StagedFile {
  const file = openFile(spot, O_RDWR)
  if (file === LINK) throw new FileServerError('storage.busy', 'the file became a link')
  context.directories.release(spot.directory)
  return createStagedUpload({
    staging: createInPlace(context, spot.name, file.fd),
    inherited: { bytes: file.size, files: 1 },
    continues: true,
    onEnd: () => {},
  })
}

async function openStaged(
  context: LocalContext,
  spot: Spot,
  options: WriteOptions,
  key: string,
): Promise<StagedFile> {
  const { active } = context
  // A newcomer that cannot be opened anyway must not end the upload that runs.
  if (active.has(key)) survey(context, spot, options)
  const taken = await active.takeOver(key)
  const ground = survey(context, spot, options)
  const { partial, existing, partialName } = ground
  // In place every name of the file would grow, and its quota counts them all: such a file gets a copy of its own.
  const inPlace = context.settings.inPlaceWrites && existing?.nlink === 1
  if (inPlace && options.start === 'current' && !partial) {
    return openInPlace(context, spot)
  }
  const inherited: Usage = taken ? NO_USAGE : usageOf(partial)
  const fd = await openStart(ground, options.start)
  const upload = createStagedUpload({
    staging: createStaging({ context, spot, partialName, fd, exclusive: options.exclusive }),
    inherited,
    continues: partial !== undefined && options.start === 'current',
    onEnd: () => active.remove(key),
  })
  active.add(key, upload)
  return upload
}

/** Opens an upload: a partial of the owner's beside the final name, or with `inPlaceWrites` an existing file itself. */
export async function openWrite(
  context: LocalContext,
  key: StorageKey,
  options: WriteOptions,
): Promise<StagedFile> {
  const spot = locate(context, key)
  try {
    const activeKey = context.partials.activeKey(
      spot.directory,
      context.partials.nameFor(options.owner, spot.name),
    )
    return await context.active.inTurn(activeKey, () => openStaged(context, spot, options, activeKey))
  } catch (error) {
    context.directories.release(spot.directory)
    throw error
  }
}
