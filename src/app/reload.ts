import { isDeepStrictEqual } from 'node:util'
import { OperatorError } from '../cli/failure.ts'
import type { Config } from '../config/schema.ts'
import type { Auditor } from '../core/audit/auditor.ts'
import type { Logger } from '../core/ports.ts'
import type { Core } from './core.ts'
import type { Doors } from './doors.ts'

export type ReloadDeps = Readonly<{
  core: Core
  doors: Doors
  audit: Auditor
  logger: Logger
  /** Opens log files anew, after a rotation. */
  reopen: () => Promise<void>
}>

/** Sections that a running server takes over; for the others it must be started anew. */
const LIVE_SECTIONS: ReadonlySet<string> = new Set(['access'])

/**
 * What SIGHUP does: log files are opened anew, certificates, banners and users are read again, address lists apply to
 * what comes next. A certificate, banner or users file that cannot be used is refused and the old one stays.
 */
export function createReloader(
  started: Config,
  deps: ReloadDeps,
): (next: Config) => Promise<readonly string[]> {
  const { core, doors, audit, logger } = deps
  let live = started
  return async (next) => {
    await deps.reopen()
    doors.reloadFiles(next)
    if (!(await core.users.reload())) {
      throw new OperatorError(
        'The users file has problems; the users stay as they were.',
        'The log names each; `sallyport check` prints them.',
      )
    }
    const names = Object.keys(next) as (keyof Config)[]
    const changed = names.filter((name) => !isDeepStrictEqual(next[name], live[name]))
    core.replacePolicy({ ...started, access: next.access })
    live = { ...live, access: next.access }
    const waiting = changed.filter((name) => !LIVE_SECTIONS.has(name))
    if (waiting.length > 0) logger.warn({ sections: waiting }, 'changed, and wait for a restart')
    const applied = changed.filter((name) => LIVE_SECTIONS.has(name))
    audit.record({ type: 'server.reloaded', changed: applied })
    logger.info({ applied, waiting }, 'reloaded')
    return changed.map((name) => (LIVE_SECTIONS.has(name) ? name : `${name} (at the next start)`))
  }
}
