// RFC 3659 section 7: MLSD.
import type { VirtualPath } from '../../core/vfs/path.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { createFactFormat, type Rights } from '../facts.ts'
import { asText, openDirectoryListing, withLinks } from '../listing.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp, Transfer } from '../session.ts'
import { sendText } from '../transfers.ts'

export async function mlsd(
  ftp: Ftp,
  argument: string,
  files: VfsSession,
  transfer: Transfer,
): Promise<Reply> {
  const path = argument === '' ? ftp.dialog.cwd : files.resolve(ftp.dialog.cwd, argument)
  const listing = await openDirectoryListing(files, path)
  if (listing === undefined) return reply(501, 'Not a directory.')
  const format = createFactFormat(ftp.dialog.facts, rightsIn(files, path))
  try {
    const opening = reply(150, 'Here comes the listing.')
    // Clients ask for a link's type to know whether they can enter it; a dangling one stays a link.
    const entries = withLinks(listing.batches, async ({ name }) => ({
      ...(await files.stat(files.resolve(path, name))),
      name,
    }))
    const lines = asText(entries, (entry) => format(entry, entry.name))
    await sendText({ ftp, transfer, opening }, lines)
  } finally {
    await listing.close()
  }
  return reply(226, 'Listing sent.')
}

function rightsIn(files: VfsSession, path: VirtualPath): Rights {
  const here = files.permissions(path)
  const at = (name: string) => {
    try {
      return files.resolve(path, name)
    } catch {
      // A name that no client can send is no mount's.
      return undefined
    }
  }
  return {
    here,
    inside: (name) => {
      const entry = at(name)
      return entry === undefined ? here : files.permissions(entry)
    },
    fixed: (name) => {
      const entry = at(name)
      return entry !== undefined && files.isFixed(entry)
    },
  }
}
