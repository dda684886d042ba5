// draft-bryan-ftpext-hash section 3: HASH; of the stored bytes, whatever TYPE is.
import { errorCodeOf } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import type { ReadHandle } from '../../core/vfs/storage.ts'
import { digestOf, HASH_NAMES } from '../digests.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp, Transfer } from '../session.ts'

export async function hash(
  ftp: Ftp,
  argument: string,
  files: VfsSession,
  transfer: Transfer,
): Promise<Reply> {
  const algorithm = ftp.dialog.hash
  const open = (name: string) => files.openRead(files.resolve(ftp.dialog.cwd, name), transfer)
  const source = await openNamed(argument, open)
  const hex = await digestOf(source, { algorithm, from: 0, to: undefined, transfer })
  return reply(213, `${algorithm} 0-${transfer.bytes} ${hex} ${argument}`)
}

/** A name needs no quotes, as nothing follows it; but WinSCP puts one with spaces in them, as for XCRC and the like. */
async function openNamed(
  name: string,
  open: (name: string) => MaybePromise<ReadHandle>,
): Promise<ReadHandle> {
  try {
    return await open(name)
  } catch (error) {
    const inside = /^"(.+)"$/s.exec(name)?.[1]
    if (inside === undefined || errorCodeOf(error) !== 'path.not-found') throw error
    return open(inside)
  }
}

/** The algorithm in use has a star. */
export function hashFeature({ dialog }: Ftp): readonly string[] {
  return [`HASH ${HASH_NAMES.map((name) => (name === dialog.hash ? `${name}*` : name)).join(';')}`]
}

export function optsHash(ftp: Ftp, value: string): Reply {
  const wanted = value === '' ? ftp.dialog.hash : HASH_NAMES.find((name) => name === value.toUpperCase())
  if (wanted === undefined) return reply(501, 'Unknown algorithm.')
  ftp.dialog.hash = wanted
  return reply(200, wanted)
}
