import {
  type Driver,
  FTP_LISTENERS,
  filesOfMirror,
  hindrance,
  type Listener,
  type StepName,
} from '../interop/driver.ts'
import { FTP_CLIENTS } from '../interop/drivers/ftp-clients.ts'

const BEGIN =
  '<!-- The table of steps: made by `npx node test/helpers/write-clients-doc.ts`; a test compares. -->'
const END = '<!-- The end of the table of steps. -->'

const COLUMNS: readonly (readonly [title: string, step: StepName])[] = [
  ['put', 'upload'],
  ['get', 'download'],
  ['resume put', 'resume-upload'],
  ['resume get', 'resume-download'],
  ['mirror up', 'upload-tree'],
  ['mirror down', 'download-tree'],
  ['rename', 'rename'],
  ['delete', 'remove'],
  ['checksum', 'checksum'],
  ['list 100,000', 'list'],
]

const DOORS: Readonly<Record<(typeof FTP_LISTENERS)[number], string>> = {
  ftp: 'in clear',
  ftpes: 'explicit TLS',
  ftps: 'implicit TLS',
}

/** Notes by client and reason, numbered as they come. */
function createNotes() {
  const numbers = new Map<string, number>()
  return {
    cell(driver: Driver, listener: Listener, step: StepName): string {
      const reason = hindrance(driver, listener, step)
      if (reason === undefined) {
        return step.endsWith('tree') ? filesOfMirror(driver, listener).toLocaleString('en') : 'yes'
      }
      const note = `${driver.name}: ${reason}.`
      const number = numbers.get(note) ?? numbers.size + 1
      numbers.set(note, number)
      return `no (${number})`
    },
    lines: () => [...numbers].map(([note, number]) => `${number}. ${note}`),
  }
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

function section(): string {
  const notes = createNotes()
  const body = FTP_CLIENTS.flatMap((driver) =>
    FTP_LISTENERS.map((listener) => [
      driver.name,
      DOORS[listener],
      ...COLUMNS.map(([, step]) => notes.cell(driver, listener, step)),
    ]),
  )
  const head = ['client', 'door', ...COLUMNS.map(([title]) => title)]
  return [BEGIN, '', table([head, ...body]), '', ...notes.lines(), '', END].join('\n')
}

/** docs/clients.md with the table of steps as the drivers of the interop tests have it. */
export function withClientsTable(page: string): string {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error('docs/clients.md has lost its marks')
  return `${before}${section()}${after}`
}
