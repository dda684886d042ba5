import { ROOT } from '../core/vfs/path.ts'
import { HASH_NAMES } from './digests.ts'
import { ALL_FACTS } from './facts.ts'
import type { Dialog } from './session.ts'

/** RFC 959 section 5.1: what holds until a command changes it. */
export function newDialog(): Dialog {
  return {
    cwd: ROOT,
    type: 'A',
    mode: 'S',
    deflateLevel: undefined,
    restartAt: 0,
    renameFrom: undefined,
    facts: ALL_FACTS,
    onlyEpsv: false,
    hash: HASH_NAMES[0],
  }
}

/** Takes back what was said for the very next command only. */
export function forgetPending(dialog: Dialog): void {
  dialog.restartAt = 0
  dialog.renameFrom = undefined
}
