import { abor } from './commands/abor.ts'
import { allo } from './commands/allo.ts'
import { appe } from './commands/appe.ts'
import { eprt } from './commands/eprt.ts'
import { epsv } from './commands/epsv.ts'
import { list } from './commands/list.ts'
import { mlsd } from './commands/mlsd.ts'
import { mode } from './commands/mode.ts'
import { nlst } from './commands/nlst.ts'
import { pasv } from './commands/pasv.ts'
import { port } from './commands/port.ts'
import { rest } from './commands/rest.ts'
import { retr } from './commands/retr.ts'
import { stor } from './commands/stor.ts'
import { stou } from './commands/stou.ts'
import { stru } from './commands/stru.ts'
import { type } from './commands/type.ts'
import type { Row } from './session.ts'

/** Commands that make or use data connections. */
export const TRANSFER_ROWS: readonly Row[] = [
  {
    verb: 'TYPE',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.2',
    help: 'A | I | L 8',
    run: type,
  },
  {
    verb: 'MODE',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.2',
    help: 'S | Z',
    feat: (ftp) => (ftp.settings.modeZ ? ['MODE Z'] : []),
    run: mode,
  },
  {
    verb: 'STRU',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.2',
    help: 'F',
    run: stru,
  },
  {
    verb: 'PASV',
    needs: 'login',
    argument: 'none',
    rfc: 'RFC 959 4.1.2',
    help: '',
    run: pasv,
  },
  {
    verb: 'EPSV',
    needs: 'login',
    argument: 'optional',
    rfc: 'RFC 2428 3',
    help: '[1 | 2 | ALL]',
    feat: () => ['EPSV'],
    run: epsv,
  },
  {
    verb: 'PORT',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.2',
    help: 'h1,h2,h3,h4,p1,p2',
    run: port,
  },
  {
    verb: 'EPRT',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 2428 2',
    help: '|1|<address>|<port>|',
    feat: (ftp) => (ftp.settings.activeMode ? ['EPRT'] : []),
    run: eprt,
  },
  {
    verb: 'ALLO',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.3',
    help: '<bytes> [R <bytes>]',
    run: allo,
  },
  {
    verb: 'REST',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 3659 5',
    help: '<offset>',
    feat: () => ['REST STREAM'],
    run: rest,
  },
  {
    verb: 'RETR',
    needs: 'data',
    argument: 'required',
    rfc: 'RFC 959 4.1.3',
    help: '<path>',
    endsRestart: true,
    run: retr,
  },
  {
    verb: 'STOR',
    needs: 'data',
    argument: 'required',
    rfc: 'RFC 959 4.1.3',
    help: '<path>',
    creates: true,
    endsRestart: true,
    run: stor,
  },
  {
    verb: 'APPE',
    needs: 'data',
    argument: 'required',
    rfc: 'RFC 959 4.1.3',
    help: '<path>',
    creates: true,
    endsRestart: true,
    run: appe,
  },
  {
    verb: 'STOU',
    needs: 'data',
    argument: 'optional',
    rfc: 'RFC 959 4.1.3',
    help: '[<name>]',
    creates: true,
    endsRestart: true,
    run: stou,
  },
  { verb: 'LIST', needs: 'data', argument: 'optional', rfc: 'RFC 959 4.1.3', help: '[<path>]', run: list },
  { verb: 'NLST', needs: 'data', argument: 'optional', rfc: 'RFC 959 4.1.3', help: '[<path>]', run: nlst },
  { verb: 'MLSD', needs: 'data', argument: 'optional', rfc: 'RFC 3659 7', help: '[<path>]', run: mlsd },
  { verb: 'ABOR', needs: 'login', argument: 'none', rfc: 'RFC 959 4.1.3', help: '', run: abor },
]
