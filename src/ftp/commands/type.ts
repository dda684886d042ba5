// RFC 959 section 4.1.2: TYPE.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

const TYPES: Readonly<Record<string, 'A' | 'I'>> = { A: 'A', 'A N': 'A', I: 'I', 'L 8': 'I', L8: 'I' }

export function type(ftp: Ftp, argument: string): Reply {
  const chosen = TYPES[argument.trim().toUpperCase()]
  if (chosen === undefined) return reply(504, 'Only TYPE A, I and L 8.')
  ftp.dialog.type = chosen
  return reply(200, `Type is ${chosen}.`)
}
