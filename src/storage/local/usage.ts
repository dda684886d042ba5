import { closeSync, openSync } from 'node:fs'
import { PATH_LIMITS } from '../../core/vfs/path.ts'
import type { Usage } from '../../core/vfs/storage.ts'
import { plus, usageOf } from './entry.ts'
import { errnoOf } from './errno.ts'
import { inside, OPEN_DIRECTORY } from './proc.ts'
import type { LocalSystem } from './system.ts'
import { othersTurn, TURN_PARTIALS } from './turns.ts'

/** Small directories are looked through many in a turn; after so many entries it is others' turn. */
const TURN_ENTRIES = 256

/** Each level that is looked into keeps handles open; twice as deep as any path may go, nobody can name anything. */
const MAX_DEPTH = 2 * PATH_LIMITS.depth

/** Removed, or something else, since it was listed; or nobody's business but its owner's, such as lost+found. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'ENOTCONN',
  'ESTALE',
])

/** Adds up all files below an open directory, partials included, without following a link or holding the event loop. */
export async function usageBelow(fd: number, system: LocalSystem): Promise<Usage> {
  let total: Usage = { bytes: 0, files: 0 }
  let turnLeft = TURN_ENTRIES

  const breathe = async (seen: number): Promise<void> => {
    turnLeft -= seen
    if (turnLeft > 0) return
    await othersTurn()
    turnLeft = TURN_ENTRIES
  }
  const below = async (directory: number, name: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) return
    try {
      const child = openSync(inside(directory, name), OPEN_DIRECTORY)
      try {
        await visit(child, depth)
      } finally {
        closeSync(child)
      }
    } catch (error) {
      if (!PASSED_OVER.has(errnoOf(error) ?? '')) throw error
    }
  }
  /** Unfinished uploads: a scan meets some thousand of them at once. */
  const hidden = async (directory: number, names: string[]): Promise<void> => {
    while (names.length > 0) {
      const some = names.splice(-TURN_PARTIALS)
      for (const name of some) total = plus(total, usageOf(system.lstat(directory, name)))
      // Each is asked for by itself.
      await breathe(some.length * (TURN_ENTRIES / TURN_PARTIALS))
    }
  }
  const visit = async (directory: number, depth: number): Promise<void> => {
    const met: string[] = []
    const scan = system.scan(directory, (name) => void met.push(name))
    try {
      while (!scan.ended) {
        const entries = await scan.next()
        await hidden(directory, met)
        for (const entry of entries) {
          if (entry.kind === 'directory') await below(directory, entry.name, depth + 1)
          else total = plus(total, usageOf(entry))
        }
        await breathe(Math.max(1, entries.length))
      }
    } finally {
      scan.close()
    }
  }
  await visit(fd, 0)
  return total
}
