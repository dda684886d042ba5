import { type Dir, lstat, opendirSync, type Stats, unlinkSync } from 'node:fs'
import type { UserId } from '../../core/identity.ts'
import type { Entry, Usage } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'
import { NO_USAGE } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import type { Directory } from './directories.ts'
import { plus, toEntry, usageOf } from './entry.ts'
import { inside, lstatMaybe } from './proc.ts'

/** Names read from the system in one go. */
const CHUNK = 1024
/** How long a listing may hold the event loop before others get their turn. */
const SLICE_MS = 1
/** The clock is asked once for so many entries. */
const GROUP = 64
/** A group that took longer met a slow disk: the next ones go through the thread pool, twice as many each time. */
const SLOW_GROUP_MS = 5
const FIRST_POOL_GROUPS = 16

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function lstatLater(path: string): Promise<Stats | undefined> {
  return new Promise((resolve) => lstat(path, (error, stats) => resolve(error ? undefined : stats)))
}

function readChunk(dir: Dir): string[] {
  const names: string[] = []
  while (names.length < CHUNK) {
    const next = dir.readSync()
    if (next === null) break
    names.push(next.name)
  }
  return names
}

/** Describes names: at once in short slices, or through the thread pool when the disk is slow. */
function createDescriber({ clock }: LocalContext, directory: Directory) {
  let poolGroups = 0
  let nextPoolGroups = FIRST_POOL_GROUPS
  const describe = async (names: readonly string[]): Promise<Entry[]> => {
    const start = clock.monotonic()
    const paths = names.map((name) => inside(directory.fd, name))
    const pool = poolGroups > 0
    const all = pool ? await Promise.all(paths.map(lstatLater)) : paths.map(lstatMaybe)
    if (pool) poolGroups -= 1
    else if (clock.monotonic() - start > SLOW_GROUP_MS) {
      poolGroups = nextPoolGroups
      nextPoolGroups *= 2
    }
    const entries: Entry[] = []
    all.forEach((stats, index) => {
      const name = names[index]
      if (stats !== undefined && name !== undefined) entries.push(toEntry(stats, name))
    })
    return entries
  }
  return async function* batches(names: readonly string[]): AsyncGenerator<Entry[]> {
    let batch: Entry[] = []
    let sliceStart = clock.monotonic()
    for (let at = 0; at < names.length; at += GROUP) {
      batch.push(...(await describe(names.slice(at, at + GROUP))))
      if (clock.monotonic() - sliceStart < SLICE_MS) continue
      if (batch.length > 0) yield batch
      batch = []
      await turn()
      sliceStart = clock.monotonic()
    }
    if (batch.length > 0) yield batch
  }
}

/** Looks at the reserved names of a chunk: removes what is too old, finds the owner's idle partials. */
function createPartialsView(context: LocalContext, directory: Directory, owner: UserId) {
  const { partials, clock, settings } = context
  const prefix = partials.prefixOf(owner)
  const ownerPrefix = partials.ownerPrefix(owner)
  /** The owner's partials that are not listed yet, by the name they stand for. */
  const waiting = new Map<string, Entry>()
  let swept: Usage = NO_USAGE

  const look = (name: string): void => {
    if (partials.isActive(directory, name)) return
    const at = inside(directory.fd, name)
    const stats = lstatMaybe(at)
    if (!stats?.isFile()) return
    if (stats.mtimeMs < clock.now() - settings.partialRetentionMs) {
      unlinkSync(at)
      if (name.startsWith(ownerPrefix)) swept = plus(swept, usageOf(stats))
      return
    }
    if (!name.startsWith(prefix)) return
    const shown = name.slice(prefix.length)
    waiting.set(shown, toEntry(stats, shown))
  }
  return {
    /** Gives the names that are not reserved. */
    sift: (names: readonly string[]): string[] => {
      for (const name of names) if (isReserved(name)) look(name)
      return names.filter((name) => !isReserved(name))
    },
    /** Puts the owner's partials in the place of what they shadow. */
    shadow: (entries: Entry[]): Entry[] => {
      if (waiting.size === 0) return entries
      return entries.map((entry) => {
        const partial = waiting.get(entry.name)
        waiting.delete(entry.name)
        return partial ?? entry
      })
    },
    /** Partials that shadow nothing; called at the end. What was listed before its partial was met stays as it was. */
    rest: (): Entry[] =>
      [...waiting.values()].filter(({ name }) => lstatMaybe(inside(directory.fd, name)) === undefined),
    get swept() {
      return swept
    },
  }
}

export type ListOptions = Readonly<{
  context: LocalContext
  /** Retained by the caller until the listing ends. */
  directory: Directory
  owner: UserId
  swept: ((freed: Usage) => void) | undefined
}>

/**
 * Lists in batches of about a millisecond's work, the first one before the directory is read to its end. Memory is
 * bounded by a chunk of names; so in directories of more than a chunk, a shadowed file may show its own size.
 */
export async function* listDirectory({
  context,
  directory,
  owner,
  swept,
}: ListOptions): AsyncGenerator<readonly Entry[]> {
  const dir = opendirSync(inside(directory.fd, '.'), { bufferSize: CHUNK })
  const batches = createDescriber(context, directory)
  const view = createPartialsView(context, directory, owner)
  try {
    for (let names = readChunk(dir); names.length > 0; names = readChunk(dir)) {
      for await (const batch of batches(view.sift(names))) yield view.shadow(batch)
    }
    const rest = view.rest()
    if (rest.length > 0) yield rest
  } finally {
    dir.closeSync()
    if (view.swept.files > 0) swept?.(view.swept)
  }
}
