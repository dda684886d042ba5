// RFC 2389 section 4: OPTS; UTF8, MLST (RFC 3659 section 7.9), HASH (draft-bryan-ftpext-hash section 3) and MODE Z.
import { FACTS } from '../facts.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { optsHash } from './hash.ts'
import { optsMode } from './mode.ts'

export function opts(ftp: Ftp, argument: string): Reply {
  const [name = '', ...rest] = argument.trim().split(' ')
  const value = rest.join(' ').trim()
  switch (name.toUpperCase()) {
    case 'UTF8':
      return /^(on)?$/i.test(value) ? reply(200, 'UTF8 is always on.') : reply(504, 'UTF8 is always on.')
    case 'MLST':
      return optsMlst(ftp, value)
    case 'MODE':
      return optsMode(ftp, value)
    case 'HASH':
      return optsHash(ftp, value)
    default:
      return reply(501, 'No such option.')
  }
}

function optsMlst(ftp: Ftp, value: string): Reply {
  const wanted = new Set(value.toLowerCase().split(';'))
  const chosen = FACTS.filter((fact) => wanted.has(fact.toLowerCase()))
  ftp.dialog.facts = new Set(chosen)
  return reply(200, `MLST OPTS ${chosen.map((fact) => `${fact};`).join('')}`.trim())
}
