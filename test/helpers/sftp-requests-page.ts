import { EXTENSIONS, REQUESTS } from '../../src/sftp/table.ts'

/** Columns as wide as their widest cell: the form that the formatter asks for. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(width(column))).join(' | ')} |`
  return [line(head), line(head.map((_, column) => '-'.repeat(width(column)))), ...rows.map(line)]
}

const mark = (writes: boolean): string => (writes ? 'yes' : 'no')

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
  ].join('\n')
}
