import { constants } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import { andThen, type MaybePromise, orElse } from '../../core/maybe-promise.ts'
import type { Entry, StagedFile, StorageKey, WriteOptions } from '../../core/vfs/storage.ts'
import { createStagedUpload } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { createInPlace } from './in-place-staging.ts'
import { ITSELF, LINK, type Spot } from './jail.ts'
import { copyExisting, createEmpty, type Partial, reopen } from './open-partial.ts'
import { openFile } from './read-handle.ts'
import { createStaging } from './staging.ts'

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

/** The name of the partial, and the key under which its upload runs. */
type Claim = Readonly<{ name: string; key: string }>

function openPartial(
  context: LocalContext,
  { spot, existing }: Ground,
  options: WriteOptions,
  claim: Claim,
): MaybePromise<Partial> {
  const { system } = context
  const { start, create } = options
  const { name } = claim
  const directory = spot.directory.fd
  const needed = start === 'current' || (!create && existing === undefined)
  const partial = needed ? system.lstat(directory, name) : undefined
  if (!create && existing === undefined && partial === undefined) {
    throw new FileServerError('path.not-found')
  }
  if (start === 'empty') return createEmpty(system, directory, name)
  if (partial !== undefined) return reopen(system, directory, partial)
  if (existing === undefined) return createEmpty(system, directory, name)
  return copyClaimed(context, spot, options, claim)
}

/** What is being copied is nobody's partial yet: it is not to be seen, resumed, removed or swept away. */
async function copyClaimed(
  context: LocalContext,
  spot: Spot,
  options: WriteOptions,
  { name, key }: Claim,
): Promise<Partial> {
  const { active, partials } = context
  const draft = partials.draftFor(options.owner, spot.name)
  const draftKey = partials.activeKey(spot.directory, draft)
  // Whoever wants the same name waits for its turn, so that nobody asks.
  for (const each of [key, draftKey]) active.add(each, { supersede: async () => {} })
  try {
    return await copyExisting(context, spot, { name, draft }, options)
  } catch (error) {
    active.remove(key)
    throw error
  } finally {
    active.remove(draftKey)
  }
}

function openInPlace(context: LocalContext, spot: Spot): StagedFile {
  const file = openFile(context.system, spot, constants.O_RDWR)
  if (file === LINK) throw new FileServerError('storage.busy', 'the file became a link')
  context.directories.release(spot.directory)
  const { fd, entry } = file
  return createStagedUpload({
    staging: createInPlace(context, fd, entry),
    inherited: { bytes: entry.size, files: 1 },
    continues: true,
    onEnd: () => {},
  })
}

/** In place every name of the file would grow, and its quota counts them all: such a file gets a copy of its own. */
function goesInPlace({ settings, system }: LocalContext, ground: Ground, name: string): boolean {
  if (!settings.inPlaceWrites || ground.existing?.links !== 1) return false
  return system.lstat(ground.spot.directory.fd, name) === undefined
}

function openStaged(
  context: LocalContext,
  ground: Ground,
  options: WriteOptions,
  claim: Claim,
): MaybePromise<StagedFile> {
  if (options.start === 'current' && goesInPlace(context, ground, claim.name)) {
    return openInPlace(context, ground.spot)
  }
  return andThen(openPartial(context, ground, options, claim), (partial) =>
    startUpload(context, { ground, partial, claim, options }),
  )
}

type Start = Readonly<{ ground: Ground; partial: Partial; claim: Claim; options: WriteOptions }>

function startUpload(context: LocalContext, { ground, partial, claim, options }: Start): StagedFile {
  const { active } = context
  const { name, key } = claim
  const { spot, existing } = ground
  const { exclusive } = options
  const upload = createStagedUpload({
    staging: createStaging({ context, spot, name, partial, exclusive, existing }),
    inherited: partial.inherited,
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
  const ground = claim.waited ? lookAgain(context, found) : found
  requireReplaceable(ground.existing, options)
  // A newcomer that cannot be opened anyway has not ended the upload that runs.
  if (!active.has(claim.key)) return openStaged(context, ground, options, claim)
  return active.takeOver(claim.key).then(() => {
    const now = lookAgain(context, found)
    requireReplaceable(now.existing, options)
    return openStaged(context, now, options, claim)
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
    return active.inTurn(key, options.patience, (waited) =>
      openInTurn(context, ground, options, { name, key, waited }),
    )
  }, failed)
}
