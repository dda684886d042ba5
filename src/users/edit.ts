import { readFile, realpath } from 'node:fs/promises'
import { type Document, isMap } from 'yaml'
import { FileServerError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { readYaml } from '../yaml/document.ts'
import type { Problem } from '../yaml/problem.ts'
import { replaceFile } from './atomic-write.ts'
import { acquireLock } from './lock.ts'
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

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** The text, and the file that really holds it: renaming over a symbolic link would cut the link. */
async function current(file: string): Promise<{ text: string; file: string }> {
  try {
    const real = await realpath(file)
    return { text: await readFile(real, 'utf8'), file: real }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { text: EMPTY, file }
    throw error
  }
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

async function editLocked(
  settings: EditSettings,
  edit: Edit,
  stillMine: () => Promise<boolean>,
): Promise<EditResult> {
  const { text, file } = await current(settings.file)
  const yaml = readYaml(text, settings.file)
  if (yaml.problems.length > 0) return refused('broken-file', yaml.problems)
  openUsers(yaml.document)
  const reason = edit(yaml.document)
  if (reason !== undefined) return refused(reason)
  // Folding would break hashes and keys over several lines.
  const after = yaml.document.toString({ lineWidth: 0 })
  const problems = newProblems(text, after, settings)
  if (problems.length > 0) return refused('invalid', problems)
  if (await replaceFile(file, after, stillMine)) return { ok: true }
  throw new FileServerError('storage.busy', `lost the lock of ${settings.file} while editing`)
}

/**
 * Applies one edit: under a lock that all programs share, on the file as it then is, keeping comments and order. The
 * file is replaced as a whole or not at all, and never by one that would not load. Fails with storage.busy when the
 * lock cannot be had, storage.failed when the disk refuses.
 */
export async function editUsers(settings: EditSettings, edit: Edit): Promise<EditResult> {
  try {
    const lock = await acquireLock(`${settings.file}.lock`, settings.clock)
    try {
      return await editLocked(settings, edit, lock.held)
    } finally {
      await lock.release()
    }
  } catch (error) {
    if (error instanceof FileServerError) throw error
    throw new FileServerError('storage.failed', `cannot write ${settings.file} (${codeOf(error)})`, {
      cause: error,
    })
  }
}
