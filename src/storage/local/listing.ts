import type { UserId } from '../../core/identity.ts'
import type { Entry, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import type { Directory } from './directories.ts'
import { plus, usageOf } from './entry.ts'
import { lettingGo } from './letting-go.ts'

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Looks at the reserved names: removes what is too old, finds the owner's idle partials. */
function createPartialsView(context: LocalContext, directory: Directory, owner: UserId) {
  const { partials, clock, settings, system } = context
  const prefix = partials.prefixOf(owner)
  const ownerPrefix = partials.ownerPrefix(owner)
  /** The owner's partials that are not listed yet, by the name they stand for. */
  const waiting = new Map<string, Entry>()
  let swept: Usage = NO_USAGE

  const look = (name: string): void => {
    if (partials.isActive(directory, name)) return
    const entry = system.lstat(directory.fd, name)
    if (entry?.kind !== 'file') return
    if (entry.mtimeMs < clock.now() - settings.partialRetentionMs) {
      lettingGo(directory.fd, entry, () => system.unlink(directory.fd, name))
      if (name.startsWith(ownerPrefix)) swept = plus(swept, usageOf(entry))
      return
    }
    if (!name.startsWith(prefix)) return
    const shown = name.slice(prefix.length)
    waiting.set(shown, { ...entry, name: shown })
  }
  return {
    look,
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
      [...waiting.values()].filter(({ name }) => system.lstat(directory.fd, name) === undefined),
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
  const scan = context.system.scan(directory.fd, view.look)
  try {
    for (;;) {
      const found = scan.next()
      const entries = found instanceof Promise ? await found : found
      if (entries.length > 0) yield view.shadow(entries)
      if (entries.length === 0 || scan.ended) break
      await turn()
    }
    const rest = view.rest()
    if (rest.length > 0) yield rest
  } finally {
    scan.close()
    if (view.swept.files > 0) swept?.(view.swept)
  }
}
