// Writes config/schema.json and the table of keys in docs/configuration.md from the schema; tests compare them.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderKeyTable } from '../src/config/docs.ts'
import { configShape } from '../src/config/schema.ts'

const BEGIN = '<!-- keys: made by scripts/generate-config-schema.ts -->'
const END = '<!-- keys: end -->'
const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export const SCHEMA_FILE = at('config/schema.json')
export const DOCS_FILE = at('docs/configuration.md')

export function renderSchemaJson(): string {
  return `${JSON.stringify(configShape, null, 2)}\n`
}

/** `docs` with the table between its markers made anew. */
export function withKeyTable(docs: string): string {
  const begin = docs.indexOf(BEGIN)
  const end = docs.indexOf(END)
  if (begin < 0 || end < begin)
    throw new Error(`docs/configuration.md has lost its markers ${BEGIN} and ${END}`)
  return `${docs.slice(0, begin + BEGIN.length)}\n\n${renderKeyTable()}\n${docs.slice(end)}`
}

if (import.meta.main) {
  writeFileSync(SCHEMA_FILE, renderSchemaJson())
  writeFileSync(DOCS_FILE, withKeyTable(readFileSync(DOCS_FILE, 'utf8')))
}
