import { type Document, isMap } from 'yaml'
import type { Clock } from '../core/ports.ts'
import { readYaml } from '../yaml/document.ts'
import type { Problem } from '../yaml/problem.ts'
import { withLockedText } from './locked-text.ts'
import { parseUsers } from './read.ts'
import type { RecordSettings } from './record.ts'

export type EditSettings = RecordSettings & Readonly<{ file: string; clock: Clock }>

export type EditResult =
  | Readonly<{ ok: true }>
  /** The edit does not apply (`unknown-user`, `user-exists` …), or what it would write is not allowed. */
  | Readonly<{ ok: false; reason: EditRefusal; problems: readonly Problem[] }>

export type EditRefusal =
  | 'unknown-user'
  | 'user-exists'
  | 'unknown-key'
  | 'stale-hash'
  | 'invalid'
  | 'broken-file'

/** Changes the document in place, or says why it does not apply. */
export type Edit = (document: Document) => EditRefusal | undefined

const EMPTY = `# Who may log in. docs/configuration.md explains every key; edits take effect at once.
# Passwords, keys and one-time codes are best set with: sallyport user --help
users: {}
`

/** A users file without users, with comments that say how one is written. */
export function emptyUsersFile(): string {
  return EMPTY
}

function refused(reason: EditRefusal, problems: readonly Problem[] = []): EditResult {
  return { ok: false, reason, problems }
}

/** An empty group is written `{}`; what is added to it should stand on lines of its own. */
function openUsers(document: Document): void {
  if (document.contents === null) document.contents = document.createNode({})
  const users = document.get('users')
  if (!isMap(users)) document.set('users', document.createNode({}))
  for (const group of [document.contents, document.get('users')]) {
    if (isMap(group) && group.items.length <= 1) group.flow = false
  }
}

function sameProblem(a: Problem, b: Problem): boolean {
  return a.path === b.path && a.message === b.message
}

/** What the edit would break. Trouble that was there before does not stand in the way of an edit. */
function newProblems(before: string, after: string, settings: EditSettings): readonly Problem[] {
  const result = parseUsers(readYaml(after, settings.file), settings)
  if (result.ok) return []
  const earlier = parseUsers(readYaml(before, settings.file), settings)
  const known = earlier.ok ? [] : earlier.problems
  return result.problems.filter((problem) => !known.some((other) => sameProblem(other, problem)))
}

/**
 * Applies one edit under the lock, keeping comments and order. The file is replaced as a whole or not at all, and never
 * by one that would not load. Fails as `withLockedText` does.
 */
export async function editUsers(settings: EditSettings, edit: Edit): Promise<EditResult> {
  return withLockedText(settings.file, settings.clock, async ({ text = EMPTY, replace }) => {
    const yaml = readYaml(text, settings.file)
    if (yaml.problems.length > 0) return refused('broken-file', yaml.problems)
    openUsers(yaml.document)
    const reason = edit(yaml.document)
    if (reason !== undefined) return refused(reason)
    // Folding would break hashes and keys over several lines.
    const after = yaml.document.toString({ lineWidth: 0 })
    const problems = newProblems(text, after, settings)
    if (problems.length > 0) return refused('invalid', problems)
    await replace(after)
    return { ok: true }
  })
}
