import { EXTENSIONS, REQUESTS } from '../../src/sftp/table.ts'

/** Columns as wide as their widest cell: the form that the formatter asks for. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(width(column))).join(' | ')} |`
  return [line(head), line(head.map((_, column) => '-'.repeat(width(column)))), ...rows.map(line)]
}

const mark = (writes: boolean): string => (writes ? 'yes' : 'no')

/** Found by sending the same requests to both. */
const DIFFERENCES = [
  "- Paths are taken by name: `..` is the folder that was named before, a slash at the end is nothing, and an empty path is the user's",
  '  root. REALPATH and `expand-path` answer with a name also where nothing is, and follow no links.',
  '- READDIR has no `.` and `..`. What is no file, folder or link has no type, and cannot be opened.',
  '- What is written appears at CLOSE (but for `inPlaceWrites`), and a file that was open for writing then has a new time. Until then its',
  '  own session finds it by STAT and SETSTAT, and cannot rename or remove it. A user who opens it for writing again, with EXCL as well,',
  '  takes the upload over, and the older handle fails. Of several who create a name with EXCL one has its CLOSE succeed.',
  '- The attributes in OPEN and MKDIR are not used: the mode follows `umask` until SETSTAT or FSETSTAT says another one.',
  '- OPEN with CREAT, TRUNC, APPEND or EXCL and without WRITE is a BAD_MESSAGE, also for a file that is there. Folders are for OPENDIR.',
  '- The owner is not changed: PERMISSION_DENIED where that alone is asked for. Set-user-ID, set-group-ID and sticky bits are left out.',
  '- FSETSTAT works on handles for reading and of folders, by their path.',
  '- RENAME to the same name succeeds. Symbolic links get no hard links.',
  '- Numbers above 2^53 - 1 are a BAD_MESSAGE. `copy-data` copies within one file where the ranges do not overlap, and ends with EOF',
  '  where the source is too short.',
  '- A handle that is none is a FAILURE, one that was opened for something else PERMISSION_DENIED.',
  '- A request that ends too early is a BAD_MESSAGE, an unknown one OP_UNSUPPORTED, and the channel goes on; OpenSSH ends it.',
]

/** docs/sftp-requests.md as the door's tables say it. */
export function sftpRequestsPage(): string {
  return [
    '# SFTP requests',
    '',
    'SFTP version 3 (draft-ietf-secsh-filexfer-02) with the extensions that are listed below; only these are',
    'advertised. Made from `src/sftp/table.ts`: `UPDATE_DOCS=1 npx node scripts/run-tests.mjs test/sftp/docs.test.ts`.',
    '',
    ...table(
      ['request', 'type', 'may change files'],
      REQUESTS.map((row) => [row.name, String(row.type), mark(row.writes)]),
    ),
    '',
    ...table(
      ['extension', 'version', 'may change files'],
      EXTENSIONS.map((row) => [`\`${row.name}\``, row.version, mark(row.writes)]),
    ),
    '',
    "## Where OpenSSH's sftp-server answers otherwise",
    '',
    ...DIFFERENCES,
    '',
  ].join('\n')
}
