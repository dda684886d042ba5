// RFC 959 section 4.1.3: LIST, in the shape of `ls -l`.
import { createLsFormat } from '../../core/vfs/ls-line.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { asText, openListing, withTargets } from '../listing.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp, Transfer } from '../session.ts'
import { sendText } from '../transfers.ts'

export async function list(
  ftp: Ftp,
  argument: string,
  files: VfsSession,
  transfer: Transfer,
): Promise<Reply> {
  const listing = await openListing(files, ftp.dialog.cwd, argument)
  try {
    const opening = reply(150, 'Here comes the listing.')
    const lines = asText(withTargets(files, listing), createLsFormat(ftp.clock.now()))
    await sendText({ ftp, transfer, opening }, lines)
  } finally {
    await listing.close()
  }
  return reply(226, 'Listing sent.')
}
