// RFC 3659 section 7: MLSD.
import type { VirtualPath } from '../../core/vfs/path.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import type { Entry } from '../../core/vfs/storage.ts'
import { createFactFormat } from '../facts.ts'
import { asText, openDirectoryListing } from '../listing.ts'
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
  const format = createFactFormat(ftp.dialog.facts, files.permissions(path))
  try {
    const opening = reply(150, 'Here comes the listing.')
    const lines = asText(followed(listing.batches, path, files), (entry) => format(entry, entry.name))
    await sendText({ ftp, transfer, opening }, lines)
  } finally {
    await listing.close()
  }
  return reply(226, 'Listing sent.')
}

/** Clients ask for a link's type to know whether they can enter it; a dangling one stays a link. */
async function* followed(
  batches: AsyncIterable<readonly Entry[]>,
  directory: VirtualPath,
  files: VfsSession,
): AsyncGenerator<readonly Entry[]> {
  for await (const batch of batches) {
    if (batch.every((entry) => entry.kind !== 'symlink')) {
      yield batch
      continue
    }
    const out: Entry[] = []
    for (const entry of batch)
      out.push(entry.kind === 'symlink' ? await follow(entry, directory, files) : entry)
    yield out
  }
}

async function follow(entry: Entry, directory: VirtualPath, files: VfsSession): Promise<Entry> {
  try {
    return { ...(await files.stat(files.resolve(directory, entry.name))), name: entry.name }
  } catch {
    return entry
  }
}
