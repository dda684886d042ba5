import type { Row } from './session.ts'
import { DIGEST_ROWS } from './table-digests.ts'
import { FILES_ROWS } from './table-files.ts'
import { SESSION_ROWS } from './table-session.ts'
import { TRANSFER_ROWS } from './table-transfer.ts'

export const ROWS: readonly Row[] = [...SESSION_ROWS, ...TRANSFER_ROWS, ...FILES_ROWS, ...DIGEST_ROWS]

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
