// RFC 2389 section 3: FEAT; the lines come from the table.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function feat(ftp: Ftp): Reply {
  const lines = [...new Set(ftp.commands.values())].flatMap((row) => row.feat?.(ftp) ?? [])
  return reply(211, 'Extensions supported:', ...lines.map((line) => ` ${line}`), 'End')
}
