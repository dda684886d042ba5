import { closeSync, constants } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import { andThen, type MaybePromise, orElse } from '../../core/maybe-promise.ts'
import type { Entry, StagedFile, StorageKey, Usage, WriteOptions } from '../../core/vfs/storage.ts'
import { createStagedUpload, NO_USAGE } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { cloneContent, copyContent } from './copy-content.ts'
import { usageOf } from './entry.ts'
import { errnoOf } from './errno.ts'
import { ITSELF, LINK, type Spot } from './jail.ts'
import { lettingGo } from './letting-go.ts'
import { inside, OPEN_SAFELY } from './proc.ts'
import { openFile, requireFile } from './read-handle.ts'
import { createInPlace, createStaging } from './staging.ts'
import type { LocalSystem } from './system.ts'

const { O_RDWR, O_RDONLY, O_CREAT, O_EXCL } = constants
const MAKE_PARTIAL = O_RDWR | O_CREAT | O_EXCL | OPEN_SAFELY
/** Nobody but the server reads a partial; the final mode comes at commit. */
const PARTIAL_MODE = 0o600

/** What lies at the start of an upload, looked up in one turn. */
type Ground = Readonly<{ spot: Spot; existing: Entry | undefined }>

function requireReplaceable(existing: Entry | undefined, { exclusive }: WriteOptions): void {
  if (existing === undefined) return
  if (existing.kind === 'directory') throw new FileServerError('path.is-directory')
  if (exclusive) throw new FileServerError('path.exists')
  if (existing.kind !== 'file') throw new FileServerError('storage.unsupported', 'not a regular file')
}

/** Finds the final name, links followed, and keeps its directory open. */
function locate(context: LocalContext, key: StorageKey): Ground {
  const ground = context.jail.find(key, (spot): Ground | typeof LINK => {
    if (spot.name === ITSELF) throw new FileServerError('path.is-directory')
    const existing = context.system.lstat(spot.directory.fd, spot.name)
    return existing?.kind === 'symlink' ? LINK : { spot, existing }
  })
  context.directories.retain(ground.spot.directory)
  return ground
}

/** `fresh`: made by this upload, so that nothing but its own mode can be on it. */
type Partial = Readonly<{ fd: number; size: number; inherited: Usage; continues: boolean; fresh: boolean }>

/** Goes on with a partial that was found. */
function reopen(system: LocalSystem, directory: number, partial: Entry): Partial {
  const fd = system.open(directory, partial.name, O_RDWR | OPEN_SAFELY)
  try {
    const entry = system.fstat(fd, partial.name)
    requireFile(entry)
    return { fd, size: entry.size, inherited: usageOf(partial), continues: true, fresh: false }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** A new partial; drops what is in its place. That there mostly is nothing is found out by trying. */
function createEmpty(system: LocalSystem, directory: number, name: string): Partial {
  let fd: number
  let inherited = NO_USAGE
  try {
    fd = system.open(directory, name, MAKE_PARTIAL, PARTIAL_MODE)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    const old = system.lstat(directory, name)
    inherited = usageOf(old)
    lettingGo(directory, old, () => system.unlink(directory, name))
    fd = system.open(directory, name, MAKE_PARTIAL, PARTIAL_MODE)
  }
  return { fd, size: 0, inherited, continues: false, fresh: true }
}

/** A partial with what the file has, made by a copy where the file system can't share blocks. */
async function copyExisting(system: LocalSystem, spot: Spot, name: string): Promise<Partial> {
  const source = openFile(system, spot, O_RDONLY)
  if (source === LINK) throw new FileServerError('storage.busy', 'the file became a link')
  const directory = spot.directory.fd
  try {
    if (!(await cloneContent(source.fd, inside(directory, name))))
      await makeCopy(system, directory, name, source.fd)
  } finally {
    closeSync(source.fd)
  }
  const copied = reopen(system, directory, { ...source.entry, name })
  return { ...copied, inherited: NO_USAGE, continues: false }
}

/** Nothing is left of one that failed. */
async function makeCopy(system: LocalSystem, directory: number, name: string, from: number): Promise<void> {
  const fd = system.open(directory, name, MAKE_PARTIAL, PARTIAL_MODE)
  try {
    await copyContent(from, fd)
  } catch (error) {
    system.unlink(directory, name)
    throw error
  } finally {
    closeSync(fd)
  }
}

function openPartial(
  { system }: LocalContext,
  { spot, existing }: Ground,
  { start, create }: WriteOptions,
  name: string,
): MaybePromise<Partial> {
  const directory = spot.directory.fd
  const needed = start === 'current' || (!create && existing === undefined)
  const partial = needed ? system.lstat(directory, name) : undefined
  if (!create && existing === undefined && partial === undefined) {
    throw new FileServerError('path.not-found')
  }
  if (start === 'empty') return createEmpty(system, directory, name)
  if (partial !== undefined) return reopen(system, directory, partial)
  return existing === undefined ? createEmpty(system, directory, name) : copyExisting(system, spot, name)
}

function openInPlace(context: LocalContext, spot: Spot): StagedFile {
  const file = openFile(context.system, spot, O_RDWR)
  if (file === LINK) throw new FileServerError('storage.busy', 'the file became a link')
  context.directories.release(spot.directory)
  const { fd, entry } = file
  return createStagedUpload({
    staging: createInPlace(context, { fd, size: entry.size, name: spot.name }),
    inherited: { bytes: entry.size, files: 1 },
    continues: true,
    onEnd: () => {},
  })
}

/** The name of the partial, and the key under which its upload runs. */
type Claim = Readonly<{ name: string; key: string }>
/** `taken`: an upload that ran was ended for this one; what it had is no longer charged. */
type Turn = Claim & Readonly<{ taken: boolean }>

/** In place every name of the file would grow, and its quota counts them all: such a file gets a copy of its own. */
function goesInPlace({ settings, system }: LocalContext, ground: Ground, name: string): boolean {
  if (!settings.inPlaceWrites || ground.existing?.links !== 1) return false
  return system.lstat(ground.spot.directory.fd, name) === undefined
}

function openStaged(
  context: LocalContext,
  ground: Ground,
  options: WriteOptions,
  turn: Turn,
): MaybePromise<StagedFile> {
  if (options.start === 'current' && goesInPlace(context, ground, turn.name)) {
    return openInPlace(context, ground.spot)
  }
  return andThen(openPartial(context, ground, options, turn.name), (partial) =>
    startUpload(context, { ground, partial, turn, options }),
  )
}

type Start = Readonly<{ ground: Ground; partial: Partial; turn: Turn; options: WriteOptions }>

function startUpload(context: LocalContext, { ground, partial, turn, options }: Start): StagedFile {
  const { active } = context
  const { name, key, taken } = turn
  const { spot, existing } = ground
  const { exclusive } = options
  const upload = createStagedUpload({
    staging: createStaging({ context, spot, name, partial, exclusive, makesName: existing === undefined }),
    inherited: taken ? NO_USAGE : partial.inherited,
    continues: partial.continues,
    onEnd: () => active.remove(key),
  })
  active.add(key, upload)
  return upload
}

/** Ends the upload that runs under the same claim; looks again at what may have changed since. */
function openInTurn(
  context: LocalContext,
  found: Ground,
  options: WriteOptions,
  claim: Claim & Readonly<{ waited: boolean }>,
): MaybePromise<StagedFile> {
  const { active } = context
  const { name, key, waited } = claim
  const ground = waited ? lookAgain(context, found) : found
  requireReplaceable(ground.existing, options)
  // A newcomer that cannot be opened anyway has not ended the upload that runs.
  if (!active.has(key)) return openStaged(context, ground, options, { name, key, taken: false })
  return active.takeOver(key).then((taken) => {
    const now = lookAgain(context, found)
    requireReplaceable(now.existing, options)
    return openStaged(context, now, options, { name, key, taken })
  })
}

function lookAgain({ system }: LocalContext, { spot }: Ground): Ground {
  return { spot, existing: system.lstat(spot.directory.fd, spot.name) }
}

/**
 * Opens an upload: a partial of the owner's beside the final name, or with `inPlaceWrites` an existing file itself.
 * `again`: try once more when the directory turns out to be one that was removed, and perhaps made again.
 */
export function openWrite(
  context: LocalContext,
  storageKey: StorageKey,
  options: WriteOptions,
  again = true,
): MaybePromise<StagedFile> {
  const { partials, active, directories } = context
  const ground = locate(context, storageKey)
  const { directory } = ground.spot
  const failed = (error: unknown): MaybePromise<StagedFile> => {
    // That the file is not there yet told nothing; that it cannot be made tells that others removed the directory.
    const gone = errnoOf(error) === 'ENOENT' && directories.forgetRemoved(directory)
    directories.release(directory)
    if (gone && again) return openWrite(context, storageKey, options, false)
    throw error
  }
  return orElse(() => {
    const name = partials.nameFor(options.owner, ground.spot.name)
    const key = partials.activeKey(directory, name)
    return active.inTurn(key, (waited) => openInTurn(context, ground, options, { name, key, waited }))
  }, failed)
}
