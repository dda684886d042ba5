import { type FSWatcher, watch } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock, Logger, Timer } from '../core/ports.ts'

/** Editors write in several steps; the last one counts. */
const QUIET_MS = 100

/** Between two looks, for where the system tells nothing: a network file system, a folder that was replaced, a file mounted by itself. */
const LOOK_MS = 5000

/**
 * Calls `changed` when something happened beside the file and it has been quiet since, and every LOOK_MS. It watches the folders of the
 * file and of what it links to, for editors and deployments put a new file in the old one's place, which a watch on
 * the file itself does not survive. The caller finds out whether the file changed. Returns the end of the watch.
 */
export async function watchFile(
  file: string,
  deps: Readonly<{ clock: Clock; logger: Logger }>,
  changed: () => void,
): Promise<() => void> {
  let timer: Timer | undefined
  const soon = () => {
    timer?.cancel()
    timer = deps.clock.timer(QUIET_MS, changed)
  }
  const real = await realpath(file).catch(() => file)
  const folders = new Set([dirname(file), dirname(real)])
  const watchers = [...folders].map((folder): FSWatcher => {
    const watcher = watch(folder, { persistent: false }, soon)
    watcher.on('error', (error) =>
      deps.logger.error(
        { err: error, folder },
        'users: the folder can no longer be watched; edits need a reload',
      ),
    )
    return watcher
  })
  const look = () => {
    changed()
    next = deps.clock.timer(LOOK_MS, look)
  }
  let next = deps.clock.timer(LOOK_MS, look)
  return () => {
    next.cancel()
    timer?.cancel()
    for (const watcher of watchers) watcher.close()
  }
}
