import { isDeepStrictEqual } from 'node:util'
import { OperatorError, toOperatorError } from '../cli/failure.ts'
import type { Config, ListenerConfig } from '../config/schema.ts'
import type { Auditor } from '../core/audit/auditor.ts'
import type { Logger } from '../core/ports.ts'
import { changedKeys } from './changed-keys.ts'
import type { Core } from './core.ts'
import type { Doors } from './doors.ts'

export type ReloadDeps = Readonly<{
  core: Core
  doors: Doors
  audit: Auditor
  logger: Logger
  /** Each opens a log file anew, after a rotation. */
  reopen: readonly (() => Promise<void>)[]
}>

const NOT_RELOADED = 'not reloaded; what was in use stays'

/** What a running listener takes over of `next`: who may come, and what SSH may use; all else of it stays. */
function adoptListener(listener: ListenerConfig, next: Config): ListenerConfig {
  const other = next.listeners.find(({ name, door }) => name === listener.name && door === listener.door)
  if (other === undefined) return listener
  if (listener.door === 'sftp' && other.door === 'sftp') {
    const { users, algorithms, exceptions } = other
    return { ...listener, users, algorithms, exceptions }
  }
  if (listener.door !== 'ftp' || other.door !== 'ftp') return listener
  const hosts = listener.hosts.map((host) => {
    const same = other.hosts.find(({ name }) => name === host.name)
    return same === undefined ? host : { ...host, users: same.users }
  })
  return { ...listener, users: other.users, hosts }
}

/** What a running server takes over of `next`, the files of `tls` where they are in use; the rest waits. */
function adopt(live: Config, next: Config, tlsInUse: boolean): Config {
  const listeners = live.listeners.map((listener) => adoptListener(listener, next))
  const { algorithms, minRsaBits } = next.sftp
  const { certificateFile, keyFile } = tlsInUse ? next.tls : live.tls
  return {
    ...live,
    access: next.access,
    sftp: { ...live.sftp, algorithms, minRsaBits },
    tls: { ...live.tls, certificateFile, keyFile },
    listeners,
  }
}

/**
 * What SIGHUP does: log files are opened anew, certificates, authorities, revocation lists, banners and users are read
 * again, address lists and the users of listeners apply to what is there and what comes next, the algorithms and exceptions
 * of SSH to what comes next. What cannot be used is refused, and what was in use stays; the rest is taken over all the same,
 * so that a bad certificate does not keep a denied address in, nor a bad banner an old certificate. Throws OperatorError then. Of a configuration that cannot be
 * read nothing is taken over; a rotation of the logs counts even so.
 */
export function createReloader(
  started: Config,
  deps: ReloadDeps,
): (read: () => Promise<Config>) => Promise<readonly string[]> {
  const { core, doors, audit, logger } = deps
  let live = started
  return async (read) => {
    const rotation = await attemptAll(deps.reopen)
    for (const err of rotation) logger.error({ err }, NOT_RELOADED)
    const next = await readOrLog(read, logger)
    const files = doors.reloadFiles(next)
    const rest = await attemptAll([async () => core.reloadKeyTrust(), () => reloadUsers(core)])
    const problems = [...rotation, ...files.problems, ...rest]
    const names = Object.keys(next) as (keyof Config)[]
    const before = live
    live = adopt(before, next, files.tlsInUse)
    core.replacePolicy(live)
    doors.replaceTerms(live)
    const waiting = names.flatMap((name) => changedKeys(live[name], next[name], name))
    if (waiting.length > 0) logger.warn({ keys: waiting }, 'changed, and wait for a restart')
    const keys = names.filter((name) => !isDeepStrictEqual(before[name], live[name]))
    const applied = [...keys, ...files.renewed.map((name) => `files of listener ${name}`)]
    audit.record({ type: 'server.reloaded', changed: applied })
    for (const err of [...files.problems, ...rest]) logger.error({ err }, NOT_RELOADED)
    logger.info({ applied, waiting }, 'reloaded')
    if (problems.length > 0) throw incomplete(problems)
    return [...applied, ...waiting.map((name) => `${name} (at the next start)`)]
  }
}

async function readOrLog(read: () => Promise<Config>, logger: Logger): Promise<Config> {
  try {
    return await read()
  } catch (err) {
    logger.error({ err }, NOT_RELOADED)
    throw err
  }
}

async function reloadUsers(core: Core): Promise<void> {
  if (await core.users.reload()) return
  throw new OperatorError(
    'The users file has problems; the users stay as they were.',
    'The log names each; `sallyport check` prints them.',
  )
}

async function attemptAll(steps: readonly (() => Promise<void>)[]): Promise<readonly unknown[]> {
  const problems: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      problems.push(error)
    }
  }
  return problems
}

function incomplete(problems: readonly unknown[]): OperatorError {
  const known = problems.map((problem) => toOperatorError(problem) ?? new OperatorError(String(problem), ''))
  const texts = known.map(({ message }) => message)
  const remedies = known.map(({ remedy }) => remedy).filter((remedy) => remedy !== '')
  return new OperatorError(texts.join(' '), remedies.join(' '))
}
