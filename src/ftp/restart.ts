import { reply } from './replies.ts'
import type { Dialog } from './session.ts'

export const NO_RESTART = reply(504, 'Restart needs TYPE I.')

/** Which byte of the file an offset in TYPE A means depends on all line ends before it; REST refuses it, but TYPE may follow. */
export function restartsText({ type, restartAt }: Dialog): boolean {
  return type === 'A' && restartAt > 0
}
