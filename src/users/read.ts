import { readFile } from 'node:fs/promises'
import type { User, UserId } from '../core/identity.ts'
import { readYaml, type YamlText } from '../yaml/document.ts'
import { explain, type Finding } from '../yaml/explain.ts'
import { type Problem, pathText, sortProblems } from '../yaml/problem.ts'
import { NO_UTF8, yamlText } from '../yaml/text.ts'
import { nestedFolders } from './nested.ts'
import { type RecordSettings, readRecord } from './record.ts'
import { usersSchema, usersShape } from './schema.ts'

/** A users file of this size holds tens of thousands of users; a larger one is a mistake and is not read. */
const MAX_USERS_BYTES = 32 * 1024 * 1024

/** The users of one reading of the file. `records` tells two readings of a user apart. */
export type UserSet = Readonly<{
  users: ReadonlyMap<string, User>
  records: ReadonlyMap<UserId, string>
  /** What should be mended, though the users can be used. */
  warnings: readonly Problem[]
}>

export type UsersResult =
  | Readonly<{ ok: true; set: UserSet }>
  /** `unread`: nothing is known of what is in the file; another try may tell. */
  | Readonly<{ ok: false; problems: readonly Problem[]; unread?: true }>

type Failure = Extract<UsersResult, { ok: false }>

function located(yaml: YamlText, findings: readonly Finding[]): Problem[] {
  return findings.map(({ path, part, message, remedy }) => ({
    place: yaml.placeOf(path, part),
    path: pathText(path),
    message,
    remedy,
  }))
}

/** Reads the text of a users file; never throws. All problems come at once; none shows what was written. */
export function parseUsers(yaml: YamlText, settings: RecordSettings): UsersResult {
  if (yaml.problems.length > 0) return { ok: false, problems: yaml.problems }
  const root = yaml.value ?? {}
  const parsed = usersSchema.safeParse(root)
  if (!parsed.success) {
    const findings = explain(usersShape, parsed.error.issues, root, false)
    return { ok: false, problems: sortProblems(located(yaml, findings)) }
  }
  const entries = Object.entries(parsed.data.users ?? {})
  const read = entries.map(([name, record]) => readRecord(name, record, settings))
  const problems = located(yaml, [
    ...read.flatMap((one) => one.problems),
    ...nestedFolders(read.map(({ user }) => user)),
  ])
  if (problems.length > 0) return { ok: false, problems: sortProblems(problems) }
  return {
    ok: true,
    set: {
      users: new Map(read.map(({ user }) => [user.name, user])),
      records: new Map(read.map(({ user }, index) => [user.id, JSON.stringify(entries[index]?.[1])])),
      warnings: located(
        yaml,
        read.flatMap((one) => one.warnings),
      ),
    },
  }
}

function failure(file: string, message: string, remedy: string): Failure {
  const place = { kind: 'file', file, line: 1, column: 1 } as const
  return { ok: false, problems: [{ place, path: '', message, remedy }] }
}

/** Reads a users file; never throws. */
export async function readUsers(file: string, settings: RecordSettings): Promise<UsersResult> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > MAX_USERS_BYTES) {
      return failure(file, `the file has ${bytes.length} bytes`, `at most ${MAX_USERS_BYTES} are read`)
    }
    const text = yamlText(bytes)
    if (text === undefined) return failure(file, NO_UTF8.message, NO_UTF8.remedy)
    return parseUsers(readYaml(text, file), settings)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'EISDIR') return failure(file, 'this is a folder', 'name the YAML file in it')
    if (code !== 'ENOENT')
      return { ...failure(file, `the file cannot be read (${code})`, 'let the server read it'), unread: true }
    return failure(file, 'the file does not exist', 'add a user with: sallyport user add NAME')
  }
}

/** Whether the file has an entry of that name, sound or not. False when it cannot be read at all. */
export async function hasEntry(file: string, name: string): Promise<boolean> {
  try {
    return readYaml(await readFile(file, 'utf8'), file).document.hasIn(['users', name])
  } catch {
    return false
  }
}
