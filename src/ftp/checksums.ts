import { FileServerError } from '../core/errors.ts'
import type { VfsSession } from '../core/vfs/session.ts'
import { type DigestName, digestOf } from './digests.ts'
import { parseOffset } from './offsets.ts'
import { type Reply, reply } from './replies.ts'
import type { Ftp, Transfer } from './session.ts'

type Checksum = (ftp: Ftp, argument: string, files: VfsSession, transfer: Transfer) => Promise<Reply>

type Part = Readonly<{ name: string; from: number; to: number | undefined }>

/** The commands that answer `250 <hex>` for a file or, with the name in quotes, a range of it. */
export function checksumBy(algorithm: DigestName): Checksum {
  return async (ftp, argument, files, transfer) => {
    const { name, from, to } = parsePart(argument)
    const source = await files.openRead(files.resolve(ftp.dialog.cwd, name), transfer)
    return reply(250, await digestOf(source, { algorithm, from, to, transfer }))
  }
}

/** `path`, or `"path" [start [end]]`; only with quotes can a name that ends in digits be told from a range. */
function parsePart(argument: string): Part {
  const match = /^"((?:[^"]|"")+)"(?: (\d+)(?: (\d+))?)?$/.exec(argument)
  if (match?.[1] === undefined) return { name: argument, from: 0, to: undefined }
  const from = parseOffset(match[2] ?? '0')
  const to = match[3] === undefined ? undefined : parseOffset(match[3])
  if (from === undefined || (match[3] !== undefined && to === undefined))
    throw new FileServerError('protocol.syntax')
  return { name: match[1].replaceAll('""', '"'), from, to }
}
