// RFC 959 section 4.1.3: STAT, bare, during a transfer, and with a path.
import { createLsFormat } from '../../core/vfs/ls-line.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { openListing, withTargets } from '../listing.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

/** The answer goes over the control connection as a whole; a longer listing is what LIST is for. */
const MAX_ENTRIES = 1000

export function stat(ftp: Ftp, argument: string): Reply | Promise<Reply> {
  const files = ftp.login.session?.files
  if (argument === '') return status(ftp)
  return files === undefined ? reply(530, 'Log in with USER and PASS.') : statPath(ftp, argument, files)
}

function status(ftp: Ftp): Reply {
  const { dialog, transfer, data, origin } = ftp
  const name = ftp.login.session?.principal.name
  const lines = [
    `Connected from ${origin.remoteIp}`,
    name === undefined ? 'Not logged in' : `Logged in as ${name}`,
    `TYPE: ${dialog.type === 'A' ? 'ASCII' : 'Image'}; STRU: File; MODE: ${dialog.mode === 'Z' ? 'Deflate' : 'Stream'}`,
    `Control connection: ${origin.encrypted ? 'TLS' : 'clear'}; data connections: ${data.protection === 'P' ? 'TLS' : 'clear'}`,
    transfer === undefined ? 'No transfer' : `${transfer.verb}: ${transfer.bytes} bytes so far`,
  ]
  return reply(211, 'Status:', ...lines.map((line) => ` ${line}`), 'End')
}

async function statPath(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const listing = await openListing(files, ftp.dialog.cwd, argument)
  const format = createLsFormat(ftp.clock.now())
  const lines: string[] = []
  try {
    for await (const batch of withTargets(files, listing)) {
      const room = MAX_ENTRIES - lines.length
      lines.push(...batch.slice(0, room).map(format))
      if (batch.length > room) return reply(212, 'Status:', ...lines, 'More entries are left out; use LIST.')
    }
  } finally {
    await listing.close()
  }
  return reply(listing.single ? 213 : 212, 'Status:', ...lines, 'End')
}
