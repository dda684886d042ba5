// RFC 959 section 4.1.3: HELP; the texts come from the table.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

const PER_LINE = 8

export function help(ftp: Ftp, argument: string): Reply {
  const verb = argument.trim().toUpperCase()
  if (verb !== '') {
    const row = ftp.commands.get(verb)
    return row === undefined ? reply(502, 'Unknown command.') : reply(214, `${verb} ${row.help}`.trim())
  }
  const verbs = [...ftp.commands.keys()]
  const lines: string[] = []
  for (let at = 0; at < verbs.length; at += PER_LINE)
    lines.push(` ${verbs.slice(at, at + PER_LINE).join(' ')}`)
  return reply(214, 'Commands:', ...lines, 'End')
}
