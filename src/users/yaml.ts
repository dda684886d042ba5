import { stat } from 'node:fs/promises'
import type { UserId } from '../core/identity.ts'
import type { Clock, Logger, UserDirectory } from '../core/ports.ts'
import { formatProblem, type Problem } from '../yaml/problem.ts'
import { createUserEditor } from './editor.ts'
import { readUsers, type UserSet } from './read.ts'
import type { SecretBox } from './secret-box.ts'
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

/** Tells two states of a file apart without reading it. */
async function fingerprint(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch {
    return 'absent'
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
  let queue: Promise<unknown> = Promise.resolve()

  async function readNow(): Promise<boolean> {
    const state = await fingerprint(file)
    const result = await readUsers(file, settings)
    seen = state
    if (!result.ok) {
      logProblems(logger, result.problems, 'error')
      logger.error({ file }, 'users: the file has problems; the users stay as they were')
      return false
    }
    logProblems(logger, result.set.warnings, 'warn')
    const changed = changedIds(current, result.set)
    current = result.set
    if (changed.length > 0) for (const listener of listeners) listener(changed)
    return true
  }

  /** One reading at a time, so that an older one cannot win. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(work)
    queue = turn.catch(() => undefined)
    return turn
  }

  async function replaceHash(user: UserId, oldHash: string, newHash: string): Promise<void> {
    try {
      const result = await editor.replacePassword(user, oldHash, newHash)
      if (result.ok) await inTurn(readNow)
      else logger.warn({ user, reason: result.reason }, 'users: the new password hash was not stored')
    } catch (error) {
      logger.warn({ user, err: error }, 'users: the new password hash was not stored')
    }
  }

  const checkNow = () => inTurn(async () => (await fingerprint(file)) === seen || readNow())
  const users = {
    find: async (name: string) => current.users.get(name),
    list: async () => [...current.users.values()],
    replacePasswordHash: replaceHash,
    onChange: (listener: ChangeListener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    reload: () => inTurn(readNow),
  }
  return { users, listeners, checkNow, settled: () => queue }
}

/**
 * Opens `config/users.yaml` as the user directory and follows its changes. Fails with the problems when the file cannot
 * be used at the start; later on a bad file leaves the last good users in place. Whoever opened it closes it.
 */
export async function openYamlUsers(settings: YamlUsersSettings): Promise<OpenedUsers> {
  const seen = await fingerprint(settings.file)
  const first = await readUsers(settings.file, settings)
  if (!first.ok) return first
  const { users, listeners, checkNow, settled } = createDirectory(settings, first.set, seen)
  const stop = await watchFile(settings.file, settings, () => void checkNow())
  // For an edit between the first reading and the start of the watch.
  await checkNow()
  const close = async () => {
    stop()
    listeners.clear()
    await settled()
  }
  return { ok: true, users: { ...users, close }, warnings: first.set.warnings }
}
