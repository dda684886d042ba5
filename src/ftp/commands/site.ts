// RFC 959 section 4.1.3: SITE; what is not known is refused politely, since old clients send much of it.
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { siteChmod } from './site-chmod.ts'
import { siteNamefmt } from './site-namefmt.ts'
import { siteStatus } from './site-status.ts'
import { siteUtime } from './site-utime.ts'

type SiteCommand = (ftp: Ftp, argument: string, files: VfsSession) => Reply | Promise<Reply>

const SITE_COMMANDS: ReadonlyMap<string, SiteCommand> = new Map<string, SiteCommand>([
  ['CHMOD', siteChmod],
  ['HELP', siteHelp],
  ['NAMEFMT', siteNamefmt],
  ['STATUS', siteStatus],
  // Modes of new files are the server's policy; clients that set a mask need a yes to go on.
  ['UMASK', () => reply(200, 'The server sets the mask.')],
  ['UTIME', siteUtime],
])

/** How clients on z/OS and IBM i describe files of records and shapes of lists; a refusal would end their jobs. */
const SUPERFLUOUS: ReadonlySet<string> = new Set([
  'BLKSIZE',
  'BLOCKS',
  'CYLINDERS',
  'FIXRECFM',
  'LISTFMT',
  'LRECL',
  'PRIMARY',
  'RECFM',
  'SBDATACONN',
  'SECONDARY',
  'TRACKS',
  'TRIM',
  'VARRECFM',
])

export function site(ftp: Ftp, argument: string, files: VfsSession): Reply | Promise<Reply> {
  // What follows may be a name that ends in spaces.
  const [, name = '', rest = ''] = /^ *([^ ]*) ?(.*)$/s.exec(argument) ?? []
  const command = SITE_COMMANDS.get(name.toUpperCase())
  if (command === undefined && SUPERFLUOUS.has(name.toUpperCase().replace(/=.*$/, '')))
    return reply(202, 'Not needed here.')
  if (command === undefined) return reply(502, 'No such SITE command.')
  return command(ftp, rest, files)
}

function siteHelp(): Reply {
  return reply(214, `SITE commands: ${[...SITE_COMMANDS.keys()].join(' ')}`)
}
