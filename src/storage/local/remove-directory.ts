import { fstatSync, rmdirSync } from 'node:fs'
import { opendir, rmdir } from 'node:fs/promises'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { StorageKey, Usage } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'
import { NO_USAGE } from '../staged-upload.ts'
import { freedBy, visitName } from './changes.ts'
import type { LocalContext } from './context.ts'
import type { Directory } from './directories.ts'
import { plus } from './entry.ts'
import { errnoOf } from './errno.ts'
import type { Spot } from './jail.ts'
import { lettingGo } from './letting-go.ts'
import { inside, OPEN_DIRECTORY, withOpen } from './proc.ts'
import { othersTurn, TURN_PARTIALS } from './turns.ts'

/** Names that the system is asked for in one go. */
const CHUNK = 1024

export type Removal = Readonly<{
  key: StorageKey
  owner: UserId
  /** Hears of the owner's partials that went. */
  swept: ((freed: Usage) => void) | undefined
}>

/** Removes a directory that has nothing but idle partials. */
export async function removeDirectory(context: LocalContext, removal: Removal): Promise<void> {
  const { directories, location } = context
  const spot = visitName(context, removal.key, (found) => {
    if (!removed(found)) directories.retain(found.directory)
    else {
      directories.forget(location, `${found.directory.path}/${found.name}`)
      return undefined
    }
    return found
  })
  if (spot === undefined) return
  try {
    await removePartialsIn(context, spot, removal)
    // Of one that was large the system has much to give back.
    await rmdir(spot.at)
    directories.forget(location, `${spot.directory.path}/${spot.name}`)
  } finally {
    directories.release(spot.directory)
  }
}

/** False when something is in it. */
function removed({ at }: Spot): boolean {
  try {
    rmdirSync(at)
    return true
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY') throw error
    return false
  }
}

function removePartialsIn(context: LocalContext, spot: Spot, removal: Removal): Promise<void> {
  return withOpen(spot.at, OPEN_DIRECTORY, async (fd) => {
    const { dev, ino } = fstatSync(fd)
    const directory = { ...spot.directory, fd, id: `${dev}:${ino}` }
    // All of them are looked at before the first one goes.
    await removeAll(context, directory, await partialsIn(context, directory), removal)
  })
}

/** Throws path.not-empty when there is anything else. */
async function partialsIn(context: LocalContext, directory: Directory): Promise<string[]> {
  const names: string[] = []
  const dir = await opendir(inside(directory.fd, '.'), { bufferSize: CHUNK })
  for await (const { name } of dir) {
    requireIdle(context, directory, name)
    names.push(name)
  }
  return names
}

function requireIdle({ partials }: LocalContext, directory: Directory, name: string): void {
  if (!isReserved(name) || partials.isActive(directory, name)) throw new FileServerError('path.not-empty')
}

async function removeAll(
  context: LocalContext,
  directory: Directory,
  names: readonly string[],
  { owner, swept }: Removal,
): Promise<void> {
  const { partials, system } = context
  let freed = NO_USAGE
  let left = TURN_PARTIALS
  try {
    for (const name of names) {
      // Somebody may have gone on with it since.
      requireIdle(context, directory, name)
      const entry = system.lstat(directory.fd, name)
      if (entry !== undefined) lettingGo(directory.fd, entry, () => system.unlink(directory.fd, name))
      const gone = freedBy(context, entry)
      if (name.startsWith(partials.ownerPrefix(owner))) freed = plus(freed, gone)
      left -= 1
      if (left > 0) continue
      left = TURN_PARTIALS
      await othersTurn()
    }
  } finally {
    if (freed.files > 0) swept?.(freed)
  }
}
