import type { User, UserId } from '../core/identity.ts'
import type { Clock, Logger, UserDirectory } from '../core/ports.ts'
import { formatProblem, type Problem } from '../yaml/problem.ts'
import { createUserEditor } from './editor.ts'
import { fileState } from './file-state.ts'
import { readUsers, type UserSet } from './read.ts'
import type { SecretBox } from './secret-box.ts'
import { swapStoredHash } from './swap-hash.ts'
import { watchFile } from './watch.ts'

export type YamlUsersSettings = Readonly<{
  /** Absolute. */
  file: string
  /** Absolute; relative homes and mounts start here. */
  homes: string
  secrets: SecretBox
  clock: Clock
  logger: Logger
}>

export type YamlUsers = UserDirectory & {
  /** Reads the file now. False: it has problems, which are logged, and the users stay as they were. */
  reload(): Promise<boolean>
}

export type OpenedUsers =
  | Readonly<{ ok: true; users: YamlUsers; warnings: readonly Problem[] }>
  | Readonly<{ ok: false; problems: readonly Problem[] }>

type ChangeListener = (changed: readonly UserId[]) => void

/** Ids whose record is new, different or gone. */
function changedIds(before: UserSet, after: UserSet): readonly UserId[] {
  const ids = new Set([...before.records.keys(), ...after.records.keys()])
  return [...ids].filter((id) => before.records.get(id) !== after.records.get(id))
}

/** The same users, one with another hash. */
function withHash(set: UserSet, user: User, passwordHash: string): UserSet {
  const record: unknown = JSON.parse(set.records.get(user.id) ?? '{}')
  const changed = { ...user, credentials: { ...user.credentials, passwordHash } }
  return {
    ...set,
    users: new Map([...set.users, [user.name, changed]]),
    records: new Map([
      ...set.records,
      [user.id, JSON.stringify({ ...Object(record), password: passwordHash })],
    ]),
  }
}

function logProblems(logger: Logger, problems: readonly Problem[], level: 'warn' | 'error'): void {
  for (const problem of problems) logger[level]({ path: problem.path }, `users: ${formatProblem(problem)}`)
}

function createDirectory(settings: YamlUsersSettings, first: UserSet, firstSeen: string) {
  const { file, logger } = settings
  const editor = createUserEditor(settings)
  const listeners = new Set<ChangeListener>()
  let current = first
  let seen = firstSeen
  /** The last try could not read the file. */
  let unread = false
  let queue: Promise<unknown> = Promise.resolve()

  async function readNow(): Promise<boolean> {
    const state = await fileState(file)
    const result = await readUsers(file, settings)
    const known = result.ok || result.unread === undefined
    if (known) seen = state
    if (!result.ok) {
      // It is tried again and again, and said once.
      if (known || !unread) complain(result.problems)
      unread = !known
      return false
    }
    unread = false
    logProblems(logger, result.set.warnings, 'warn')
    adopt(result.set)
    return true
  }

  function complain(problems: readonly Problem[]): void {
    logProblems(logger, problems, 'error')
    logger.error({ file }, 'users: the file has problems; the users stay as they were')
  }

  function adopt(set: UserSet): void {
    const changed = changedIds(current, set)
    current = set
    if (changed.length > 0) for (const listener of listeners) listener(changed)
  }

  /** One reading at a time, so that an older one cannot win. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(work)
    queue = turn.catch(() => undefined)
    return turn
  }

  /** The short way; false when the file is not what was read, or the hash does not stand on its own. */
  async function swap(id: UserId, oldHash: string, newHash: string): Promise<boolean> {
    const user = [...current.users.values()].find((one) => one.id === id)
    if (user?.credentials.passwordHash !== oldHash) return false
    const state = await swapStoredHash(file, settings.clock, { state: seen, oldHash, newHash })
    if (state === undefined) return false
    seen = state
    adopt(withHash(current, user, newHash))
    return true
  }

  async function store(id: UserId, oldHash: string, newHash: string): Promise<boolean> {
    if (await swap(id, oldHash, newHash)) return true
    const result = await editor.replacePassword(id, oldHash, newHash)
    if (result.ok) await readNow()
    else logger.warn({ user: id, reason: result.reason }, 'users: the new password hash was not stored')
    return result.ok
  }

  async function replaceHash(user: UserId, oldHash: string, newHash: string): Promise<boolean> {
    try {
      return await inTurn(() => store(user, oldHash, newHash))
    } catch (error) {
      logger.warn({ user, err: error }, 'users: the new password hash was not stored')
      return false
    }
  }

  const checkNow = () => inTurn(async () => (await fileState(file)) === seen || readNow())
  const users = {
    find: async (name: string) => current.users.get(name),
    list: async () => [...current.users.values()],
    replacePasswordHash: replaceHash,
    onChange: (listener: ChangeListener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    reload: () =>
      inTurn(() => {
        // Who asks is told.
        unread = false
        return readNow()
      }),
  }
  return { users, listeners, checkNow, settled: () => queue }
}

/**
 * Opens `config/users.yaml` as the user directory and follows its changes. Fails with the problems when the file cannot
 * be used at the start; later on a bad file leaves the last good users in place. Whoever opened it closes it.
 */
export async function openYamlUsers(settings: YamlUsersSettings): Promise<OpenedUsers> {
  const seen = await fileState(settings.file)
  const first = await readUsers(settings.file, settings)
  if (!first.ok) return first
  const { users, listeners, checkNow, settled } = createDirectory(settings, first.set, seen)
  const failed = (error: unknown) =>
    settings.logger.error({ err: error }, 'users: a change was not taken over')
  const stop = await watchFile(settings.file, settings, () => void checkNow().catch(failed))
  // For an edit between the first reading and the start of the watch.
  await checkNow()
  const close = async () => {
    stop()
    listeners.clear()
    await settled()
  }
  return { ok: true, users: { ...users, close }, warnings: first.set.warnings }
}
