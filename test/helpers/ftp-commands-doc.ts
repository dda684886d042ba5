import { ALIASES, ROWS } from '../../src/ftp/table.ts'

const NEEDS = { nothing: '', login: 'login', transfer: 'login', data: 'login, data connection' } as const

const HEAD = ['command', 'syntax', 'needs', 'specified in']

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

export const END_OF_TABLE = '<!-- The end of the table. -->\n'

/** The part of docs/ftp-commands.md that the command table says, in the shape that the formatter gives it. */
export function ftpCommandsDoc(): string {
  const aliases = Map.groupBy(ALIASES, ([, verb]) => verb)
  const rows = ROWS.map((row) => {
    const names = [row.verb, ...(aliases.get(row.verb) ?? []).map(([alias]) => alias)].join(', ')
    const syntax = `${row.verb} ${row.help}`.trim().replaceAll('|', '\\|')
    return [names, `\`${syntax}\``, NEEDS[row.needs], row.rfc]
  })
  return `# FTP commands

The table is made from \`src/ftp/table.ts\` by \`npx node test/helpers/write-ftp-commands-doc.ts\`; a test compares. What is not here is
answered with 500.

${table([HEAD, ...rows])}

${END_OF_TABLE}`
}
