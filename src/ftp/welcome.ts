import { type Reply, reply } from './replies.ts'
import type { Ftp } from './session.ts'

/** The reply to a login that is complete, with the listener's text in front. */
export function welcomed({ settings }: Ftp, answer: Reply): Reply {
  const complete = answer.code === 230 || answer.code === 232
  return complete ? reply(answer.code, ...settings.welcome, ...answer.lines) : answer
}
