// RFC 7151 section 3: HOST.
import { greetingOf } from '../hosts.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { hostName } from '../tls-client.ts'

export async function host(ftp: Ftp, argument: string): Promise<Reply> {
  if (ftp.login.session !== undefined) return reply(503, 'Already logged in; use REIN first.')
  const name = hostName(argument.trim())
  if (!(await ftp.chooseHost(name))) return reply(504, 'No such host here.')
  return reply(220, ...greetingOf(ftp.settings, name))
}
