import type { UserId } from '../../core/identity.ts'
import type { Entry, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE } from '../staged-upload.ts'
import { freedBy } from './changes.ts'
import type { LocalContext } from './context.ts'
import type { Directory } from './directories.ts'
import { plus } from './entry.ts'
import { lettingGo } from './letting-go.ts'
import { othersTurn, TURN_PARTIALS } from './turns.ts'

/** Looks at the reserved names: finds the owner's idle partials, and what is too old, which it removes by and by. */
function createPartialsView(context: LocalContext, directory: Directory, owner: UserId) {
  const { partials, clock, settings, system } = context
  const prefix = partials.prefixOf(owner)
  const ownerPrefix = partials.ownerPrefix(owner)
  /** The owner's partials that are not listed yet, by the name they stand for. */
  const waiting = new Map<string, Entry>()
  const old: string[] = []
  const met: string[] = []
  let swept: Usage = NO_USAGE

  /** Undefined while an upload has it open. */
  const idle = (name: string): Entry | undefined => {
    const entry = partials.isActive(directory, name) ? undefined : system.lstat(directory.fd, name)
    return entry?.kind === 'file' ? entry : undefined
  }
  const isOld = ({ mtimeMs }: Entry) => mtimeMs < clock.now() - settings.partialRetentionMs
  const look = (name: string): void => {
    const entry = idle(name)
    if (entry === undefined) return
    if (isOld(entry)) old.push(name)
    else if (name.startsWith(prefix)) {
      const shown = name.slice(prefix.length)
      waiting.set(shown, { ...entry, name: shown })
    }
  }
  const remove = (name: string): void => {
    const entry = idle(name)
    // Somebody may have gone on with it since.
    if (entry === undefined || !isOld(entry)) return
    lettingGo(directory.fd, entry, () => system.unlink(directory.fd, name))
    const gone = freedBy(context, entry)
    if (name.startsWith(ownerPrefix)) swept = plus(swept, gone)
  }
  return {
    /** For the scan, which meets many at once. */
    meet: (name: string): void => void met.push(name),
    /** Looks at some of what was met; false when more is left. */
    look: (): boolean => {
      for (const name of met.splice(-TURN_PARTIALS)) look(name)
      return met.length === 0
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
    rest: (): Entry[] => {
      const some: Entry[] = []
      let left = TURN_PARTIALS
      for (const [name, partial] of waiting) {
        waiting.delete(name)
        if (system.lstat(directory.fd, name) === undefined) some.push(partial)
        left -= 1
        if (left === 0) break
      }
      return some
    },
    get restLeft(): boolean {
      return waiting.size > 0
    },
    /** Removes some of what is too old. */
    sweep: (): void => {
      for (const name of old.splice(-TURN_PARTIALS)) remove(name)
    },
    get sweepLeft(): boolean {
      return old.length > 0
    },
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
 * Lists in batches of about half a millisecond's work, the first one before the directory is read to its end, and lets
 * others have their turn between them. Memory is bounded: in big directories a shadowed file that comes
 * before its partial shows its own size.
 */
export async function* listDirectory({
  context,
  directory,
  owner,
  swept,
}: ListOptions): AsyncGenerator<readonly Entry[]> {
  const view = createPartialsView(context, directory, owner)
  const scan = context.system.scan(directory.fd, view.meet)
  try {
    for (;;) {
      const found = scan.next()
      const entries = found instanceof Promise ? await found : found
      while (!view.look()) await othersTurn()
      if (entries.length > 0) yield view.shadow(entries)
      view.sweep()
      if (scan.ended) break
      await othersTurn()
    }
    while (view.restLeft) {
      const rest = view.rest()
      if (rest.length > 0) yield rest
      await othersTurn()
    }
    while (view.sweepLeft) {
      view.sweep()
      await othersTurn()
    }
  } finally {
    scan.close()
    if (view.swept.files > 0) swept?.(view.swept)
  }
}
