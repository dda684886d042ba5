// RFC 959 section 4.1.2: MODE; draft-preston-ftpext-deflate section 3: MODE Z and OPTS MODE Z.
import { FileServerError } from '../../core/errors.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function mode(ftp: Ftp, argument: string): Reply {
  const wanted = argument.trim().toUpperCase()
  if (wanted === 'S' || (wanted === 'Z' && ftp.settings.modeZ)) {
    ftp.dialog.mode = wanted
    return reply(200, `Mode is ${wanted}.`)
  }
  return reply(504, ftp.settings.modeZ ? 'Only MODE S and MODE Z.' : 'Only MODE S.')
}

/** `Z`, then pairs of a name and a value; without pairs back to the level of a new session. */
export function optsMode(ftp: Ftp, value: string): Reply {
  const [wanted, ...words] = value.toUpperCase().split(/ +/)
  if (wanted !== 'Z' || !ftp.settings.modeZ) return reply(501, 'No such option.')
  let level = ftp.settings.deflateLevel
  for (let at = 0; at < words.length; at += 2) {
    const [name, text = ''] = words.slice(at, at + 2)
    if (name === 'ENGINE' && text === 'ZLIB') continue
    if (name !== 'LEVEL' || !/^[1-9]$/.test(text)) throw new FileServerError('protocol.syntax')
    level = Number(text)
  }
  ftp.dialog.deflateLevel = level
  return reply(200, `MODE Z LEVEL ${level}.`)
}
