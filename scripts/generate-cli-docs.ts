// Writes the reference of verbs in docs/cli.md from the command table; a test compares them.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GLOBAL_OPTIONS } from '../src/cli/program.ts'
import { VERBS } from '../src/cli/table.ts'
import { GROUPS, type OptionRow, type Verb } from '../src/cli/verb.ts'

const BEGIN = '<!-- verbs: made by scripts/generate-cli-docs.ts -->'
const END = '<!-- verbs: end -->'

export const CLI_DOCS_FILE = fileURLToPath(new URL('../docs/cli.md', import.meta.url))

function optionLine({ flags, help, repeat, required }: OptionRow): string {
  const remark = `${required === true ? '; needed' : ''}${repeat === true ? '; repeatable' : ''}`
  return `- \`${flags}\`: ${help}${remark}`
}

function list(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...lines, '']
}

function verbSection(verb: Verb): string[] {
  const args = verb.args ?? []
  const usage = ['sallyport', verb.path, ...args.map((row) => row.syntax)].join(' ')
  return [
    `### \`${usage}\``,
    '',
    `${verb.summary.charAt(0).toUpperCase()}${verb.summary.slice(1)}.`,
    '',
    ...(verb.details === undefined ? [] : [verb.details, '']),
    ...list([
      ...args.map((row) => `- \`${row.syntax}\`: ${row.help}`),
      ...(verb.options ?? []).map(optionLine),
    ]),
  ]
}

/** The part of docs/cli.md between the markers. */
export function renderVerbs(): string {
  const groups = GROUPS.flatMap((group) => [
    `## ${group}`,
    '',
    ...VERBS.filter((verb) => verb.group === group).flatMap(verbSection),
  ])
  return ['## Options of every verb', '', ...list(GLOBAL_OPTIONS.map(optionLine)), ...groups].join('\n')
}

/** `docs` with the part between its markers made anew. */
export function withVerbs(docs: string): string {
  const [begin, end] = [docs.indexOf(BEGIN), docs.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`docs/cli.md has lost its markers ${BEGIN} and ${END}`)
  return `${docs.slice(0, begin + BEGIN.length)}\n\n${renderVerbs()}\n${docs.slice(end)}`
}

if (import.meta.main) writeFileSync(CLI_DOCS_FILE, withVerbs(readFileSync(CLI_DOCS_FILE, 'utf8')))
