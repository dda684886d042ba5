// RFC 959 section 4.1.3: NLST.
import type { VfsSession } from '../../core/vfs/session.ts'
import { asText, openListing } from '../listing.ts'
import { oneLine, type Reply, reply } from '../replies.ts'
import type { Ftp, Transfer } from '../session.ts'
import { sendText } from '../transfers.ts'

export async function nlst(
  ftp: Ftp,
  argument: string,
  files: VfsSession,
  transfer: Transfer,
): Promise<Reply> {
  const listing = await openListing(files, ftp.dialog.cwd, argument)
  try {
    const opening = reply(150, 'Here come the names.')
    const names = asText(listing.batches, (entry) => oneLine(listing.prefix + entry.name))
    await sendText({ ftp, transfer, opening }, names)
  } finally {
    await listing.close()
  }
  return reply(226, 'Names sent.')
}
