import { acct } from './commands/acct.ts'
import { auth } from './commands/auth.ts'
import { ccc } from './commands/ccc.ts'
import { clnt } from './commands/clnt.ts'
import { csid } from './commands/csid.ts'
import { feat } from './commands/feat.ts'
import { help } from './commands/help.ts'
import { host } from './commands/host.ts'
import { lang } from './commands/lang.ts'
import { noop } from './commands/noop.ts'
import { opts } from './commands/opts.ts'
import { pass } from './commands/pass.ts'
import { pbsz } from './commands/pbsz.ts'
import { prot } from './commands/prot.ts'
import { quit } from './commands/quit.ts'
import { rein } from './commands/rein.ts'
import { smnt } from './commands/smnt.ts'
import { stat } from './commands/stat.ts'
import { syst } from './commands/syst.ts'
import { user } from './commands/user.ts'
import type { Row } from './session.ts'

/** Commands of the session itself: most work before the login. */
export const SESSION_ROWS: readonly Row[] = [
  { verb: 'USER', needs: 'nothing', argument: 'required', rfc: 'RFC 959 4.1.1', help: '<name>', run: user },
  {
    verb: 'PASS',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'RFC 959 4.1.1',
    help: '<password>',
    run: pass,
  },
  {
    verb: 'HOST',
    needs: 'nothing',
    argument: 'required',
    rfc: 'RFC 7151 3',
    help: '<name>',
    feat: (ftp) => (ftp.settings.hosts.size > 0 ? ['HOST'] : []),
    run: host,
  },
  { verb: 'ACCT', needs: 'nothing', argument: 'required', rfc: 'RFC 959 4.1.1', help: '<code>', run: acct },
  {
    verb: 'AUTH',
    needs: 'nothing',
    argument: 'required',
    rfc: 'RFC 4217 4',
    help: 'TLS',
    feat: (ftp) => (ftp.tlsOffered ? ['AUTH TLS'] : []),
    run: auth,
  },
  {
    verb: 'PBSZ',
    needs: 'nothing',
    argument: 'required',
    rfc: 'RFC 4217 8',
    help: '0',
    feat: (ftp) => (ftp.tlsOffered ? ['PBSZ'] : []),
    run: pbsz,
  },
  {
    verb: 'PROT',
    needs: 'nothing',
    argument: 'required',
    rfc: 'RFC 4217 9',
    help: 'P',
    feat: (ftp) => (ftp.tlsOffered ? ['PROT'] : []),
    run: prot,
  },
  { verb: 'CCC', needs: 'nothing', argument: 'none', rfc: 'RFC 4217 12.3', help: '', run: ccc },
  { verb: 'REIN', needs: 'nothing', argument: 'none', rfc: 'RFC 959 4.1.1', help: '', run: rein },
  { verb: 'QUIT', needs: 'nothing', argument: 'none', rfc: 'RFC 959 4.1.1', help: '', run: quit },
  {
    verb: 'FEAT',
    needs: 'nothing',
    argument: 'none',
    rfc: 'RFC 2389 3',
    help: '',
    feat: () => ['TVFS', 'UTF8'],
    run: feat,
  },
  {
    verb: 'OPTS',
    needs: 'nothing',
    argument: 'required',
    rfc: 'RFC 2389 4',
    help: '<option> [<value>]',
    run: opts,
  },
  {
    verb: 'HELP',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'RFC 959 4.1.3',
    help: '[<command>]',
    run: help,
  },
  { verb: 'SYST', needs: 'nothing', argument: 'none', rfc: 'RFC 959 4.1.3', help: '', run: syst },
  {
    verb: 'STAT',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'RFC 959 4.1.3',
    help: '[<path>]',
    duringTransfer: 'any',
    run: stat,
  },
  {
    verb: 'NOOP',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'RFC 959 4.1.3',
    help: '',
    duringTransfer: 'opened',
    run: noop,
  },
  {
    verb: 'CLNT',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'de facto',
    help: '<client name>',
    feat: () => ['CLNT'],
    run: clnt,
  },
  {
    verb: 'CSID',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'draft-peterson-streamlined-ftp-command-extensions 3',
    help: '<facts>',
    feat: () => ['CSID'],
    run: csid,
  },
  {
    verb: 'LANG',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'RFC 2640 4.1',
    help: '[EN]',
    feat: () => ['LANG EN*'],
    run: lang,
  },
  { verb: 'SMNT', needs: 'login', argument: 'required', rfc: 'RFC 959 4.1.1', help: '<path>', run: smnt },
]
