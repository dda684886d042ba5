import { abor } from './commands/abor.ts'
import { acct } from './commands/acct.ts'
import { allo } from './commands/allo.ts'
import { appe } from './commands/appe.ts'
import { auth } from './commands/auth.ts'
import { avbl } from './commands/avbl.ts'
import { ccc } from './commands/ccc.ts'
import { cdup } from './commands/cdup.ts'
import { clnt } from './commands/clnt.ts'
import { csid } from './commands/csid.ts'
import { cwd } from './commands/cwd.ts'
import { dele } from './commands/dele.ts'
import { eprt } from './commands/eprt.ts'
import { epsv } from './commands/epsv.ts'
import { feat } from './commands/feat.ts'
import { help } from './commands/help.ts'
import { lang } from './commands/lang.ts'
import { list } from './commands/list.ts'
import { mdtm } from './commands/mdtm.ts'
import { mff } from './commands/mff.ts'
import { mfmt } from './commands/mfmt.ts'
import { mkd } from './commands/mkd.ts'
import { mlsd } from './commands/mlsd.ts'
import { mlst } from './commands/mlst.ts'
import { mode } from './commands/mode.ts'
import { nlst } from './commands/nlst.ts'
import { noop } from './commands/noop.ts'
import { opts } from './commands/opts.ts'
import { pass } from './commands/pass.ts'
import { pasv } from './commands/pasv.ts'
import { pbsz } from './commands/pbsz.ts'
import { port } from './commands/port.ts'
import { prot } from './commands/prot.ts'
import { pwd } from './commands/pwd.ts'
import { quit } from './commands/quit.ts'
import { rein } from './commands/rein.ts'
import { rest } from './commands/rest.ts'
import { retr } from './commands/retr.ts'
import { rmd } from './commands/rmd.ts'
import { rnfr } from './commands/rnfr.ts'
import { rnto } from './commands/rnto.ts'
import { site } from './commands/site.ts'
import { size } from './commands/size.ts'
import { smnt } from './commands/smnt.ts'
import { stat } from './commands/stat.ts'
import { stor } from './commands/stor.ts'
import { stou } from './commands/stou.ts'
import { stru } from './commands/stru.ts'
import { syst } from './commands/syst.ts'
import { type } from './commands/type.ts'
import { user } from './commands/user.ts'
import { FACTS } from './facts.ts'
import type { Ftp, Row } from './session.ts'

/** RFC 3659 section 7.8: the facts that are sent have a star. */
function mlstFeature({ dialog }: Ftp): readonly string[] {
  return [`MLST ${FACTS.map((fact) => `${fact}${dialog.facts.has(fact) ? '*' : ''};`).join('')}`]
}

export const ROWS: readonly Row[] = [
  { verb: 'USER', needs: 'nothing', argument: 'required', rfc: 'RFC 959 4.1.1', help: '<name>', run: user },
  {
    verb: 'PASS',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'RFC 959 4.1.1',
    help: '<password>',
    run: pass,
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
    keepsRestart: true,
    duringTransfer: true,
    run: stat,
  },
  {
    verb: 'NOOP',
    needs: 'nothing',
    argument: 'optional',
    rfc: 'RFC 959 4.1.3',
    help: '',
    keepsRestart: true,
    duringTransfer: true,
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
  {
    verb: 'TYPE',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.2',
    help: 'A | I | L 8',
    keepsRestart: true,
    run: type,
  },
  {
    verb: 'MODE',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.2',
    help: 'S',
    keepsRestart: true,
    run: mode,
  },
  {
    verb: 'STRU',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.2',
    help: 'F',
    keepsRestart: true,
    run: stru,
  },
  {
    verb: 'PASV',
    needs: 'login',
    argument: 'none',
    rfc: 'RFC 959 4.1.2',
    help: '',
    keepsRestart: true,
    run: pasv,
  },
  {
    verb: 'EPSV',
    needs: 'login',
    argument: 'optional',
    rfc: 'RFC 2428 3',
    help: '[1 | 2 | ALL]',
    keepsRestart: true,
    feat: () => ['EPSV'],
    run: epsv,
  },
  {
    verb: 'PORT',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.2',
    help: 'h1,h2,h3,h4,p1,p2',
    keepsRestart: true,
    run: port,
  },
  {
    verb: 'EPRT',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 2428 2',
    help: '|1|<address>|<port>|',
    keepsRestart: true,
    feat: (ftp) => (ftp.settings.activeMode ? ['EPRT'] : []),
    run: eprt,
  },
  {
    verb: 'ALLO',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.3',
    help: '<bytes> [R <bytes>]',
    keepsRestart: true,
    run: allo,
  },
  {
    verb: 'REST',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 3659 5',
    help: '<offset>',
    keepsRestart: true,
    feat: () => ['REST STREAM'],
    run: rest,
  },
  { verb: 'RETR', needs: 'data', argument: 'required', rfc: 'RFC 959 4.1.3', help: '<path>', run: retr },
  {
    verb: 'STOR',
    needs: 'data',
    argument: 'required',
    rfc: 'RFC 959 4.1.3',
    help: '<path>',
    creates: true,
    run: stor,
  },
  {
    verb: 'APPE',
    needs: 'data',
    argument: 'required',
    rfc: 'RFC 959 4.1.3',
    help: '<path>',
    creates: true,
    run: appe,
  },
  {
    verb: 'STOU',
    needs: 'data',
    argument: 'optional',
    rfc: 'RFC 959 4.1.3',
    help: '[<name>]',
    creates: true,
    run: stou,
  },
  { verb: 'LIST', needs: 'data', argument: 'optional', rfc: 'RFC 959 4.1.3', help: '[<path>]', run: list },
  { verb: 'NLST', needs: 'data', argument: 'optional', rfc: 'RFC 959 4.1.3', help: '[<path>]', run: nlst },
  { verb: 'MLSD', needs: 'data', argument: 'optional', rfc: 'RFC 3659 7', help: '[<path>]', run: mlsd },
  {
    verb: 'MLST',
    needs: 'login',
    argument: 'optional',
    rfc: 'RFC 3659 7',
    help: '[<path>]',
    feat: mlstFeature,
    run: mlst,
  },
  { verb: 'ABOR', needs: 'login', argument: 'none', rfc: 'RFC 959 4.1.3', help: '', run: abor },
  { verb: 'CWD', needs: 'login', argument: 'required', rfc: 'RFC 959 4.1.1', help: '<path>', run: cwd },
  { verb: 'CDUP', needs: 'login', argument: 'none', rfc: 'RFC 959 4.1.1', help: '', run: cdup },
  { verb: 'PWD', needs: 'login', argument: 'none', rfc: 'RFC 959 4.1.3', help: '', run: pwd },
  { verb: 'MKD', needs: 'login', argument: 'required', rfc: 'RFC 959 4.1.3', help: '<path>', run: mkd },
  { verb: 'RMD', needs: 'login', argument: 'required', rfc: 'RFC 959 4.1.3', help: '<path>', run: rmd },
  { verb: 'DELE', needs: 'login', argument: 'required', rfc: 'RFC 959 4.1.3', help: '<path>', run: dele },
  { verb: 'RNFR', needs: 'login', argument: 'required', rfc: 'RFC 959 4.1.3', help: '<path>', run: rnfr },
  {
    verb: 'RNTO',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 959 4.1.3',
    help: '<path>',
    creates: true,
    run: rnto,
  },
  {
    verb: 'SIZE',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 3659 4',
    help: '<path>',
    keepsRestart: true,
    feat: () => ['SIZE'],
    run: size,
  },
  {
    verb: 'MDTM',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 3659 3',
    help: '[<time>] <path>',
    keepsRestart: true,
    feat: () => ['MDTM'],
    run: mdtm,
  },
  {
    verb: 'MFMT',
    needs: 'login',
    argument: 'required',
    rfc: 'draft-somers-ftp-mfxx 3',
    help: '<time> <path>',
    feat: () => ['MFMT'],
    run: mfmt,
  },
  {
    verb: 'MFF',
    needs: 'login',
    argument: 'required',
    rfc: 'draft-somers-ftp-mfxx 5',
    help: '<facts> <path>',
    feat: () => ['MFF modify;UNIX.mode;'],
    run: mff,
  },
  {
    verb: 'AVBL',
    needs: 'login',
    argument: 'optional',
    rfc: 'draft-peterson-streamlined-ftp-command-extensions 4',
    help: '[<path>]',
    feat: () => ['AVBL'],
    run: avbl,
  },
  { verb: 'SITE', needs: 'login', argument: 'required', rfc: 'RFC 959 4.1.3', help: '<command>', run: site },
  { verb: 'SMNT', needs: 'login', argument: 'required', rfc: 'RFC 959 4.1.1', help: '<path>', run: smnt },
]

/** RFC 775 and RFC 1123 section 4.1.3.1: older names of the same commands. */
export const ALIASES: ReadonlyMap<string, string> = new Map([
  ['XCUP', 'CDUP'],
  ['XCWD', 'CWD'],
  ['XMKD', 'MKD'],
  ['XPWD', 'PWD'],
  ['XRMD', 'RMD'],
])

function index(): ReadonlyMap<string, Row> {
  const rows = new Map(ROWS.map((row) => [row.verb, row]))
  for (const [alias, verb] of ALIASES) {
    const row = rows.get(verb)
    if (row !== undefined) rows.set(alias, row)
  }
  return rows
}

/** Every verb and alias; the only list of what this door understands. */
export const COMMANDS: ReadonlyMap<string, Row> = index()
