import { avbl } from './commands/avbl.ts'
import { cdup } from './commands/cdup.ts'
import { cwd } from './commands/cwd.ts'
import { dele } from './commands/dele.ts'
import { mdtm } from './commands/mdtm.ts'
import { mff } from './commands/mff.ts'
import { mfmt } from './commands/mfmt.ts'
import { mkd } from './commands/mkd.ts'
import { mlst } from './commands/mlst.ts'
import { pwd } from './commands/pwd.ts'
import { rmd } from './commands/rmd.ts'
import { rnfr } from './commands/rnfr.ts'
import { rnto } from './commands/rnto.ts'
import { site } from './commands/site.ts'
import { size } from './commands/size.ts'
import { FACTS } from './facts.ts'
import type { Ftp, Row } from './session.ts'

/** RFC 3659 section 7.8: the facts that are sent have a star. */
function mlstFeature({ dialog }: Ftp): readonly string[] {
  return [`MLST ${FACTS.map((fact) => `${fact}${dialog.facts.has(fact) ? '*' : ''};`).join('')}`]
}

/** Commands that act on files by name alone. */
export const FILES_ROWS: readonly Row[] = [
  {
    verb: 'MLST',
    needs: 'login',
    argument: 'optional',
    rfc: 'RFC 3659 7',
    help: '[<path>]',
    feat: mlstFeature,
    run: mlst,
  },
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
    feat: () => ['SIZE'],
    run: size,
  },
  {
    verb: 'MDTM',
    needs: 'login',
    argument: 'required',
    rfc: 'RFC 3659 3',
    help: '[<time>] <path>',
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
]
