// Writes config/schema.json and the tables of keys in docs/configuration.md from the schema; tests compare them.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configShape } from '../src/config/schema.ts'
import { userShape } from '../src/users/schema.ts'
import type { Shape } from '../src/yaml/shape.ts'
import { renderKeyTable } from './key-table.ts'

const MADE_BY = 'made by scripts/generate-config-schema.ts -->'
const TABLES = [
  { name: 'keys', shape: configShape },
  { name: 'user keys', shape: userShape },
] as const
const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export const SCHEMA_FILE = at('config/schema.json')
export const DOCS_FILE = at('docs/configuration.md')

export function renderSchemaJson(): string {
  return `${JSON.stringify(configShape, null, 2)}\n`
}

function withTable(docs: string, name: string, shape: Shape): string {
  const beginMark = `<!-- ${name}: ${MADE_BY}`
  const begin = docs.indexOf(beginMark)
  const end = docs.indexOf(`<!-- ${name}: end -->`)
  if (begin < 0 || end < begin) throw new Error(`docs/configuration.md has lost the markers of "${name}"`)
  return `${docs.slice(0, begin + beginMark.length)}\n\n${renderKeyTable(shape)}\n${docs.slice(end)}`
}

/** `docs` with the tables between their markers made anew. */
export function withKeyTables(docs: string): string {
  return TABLES.reduce((text, { name, shape }) => withTable(text, name, shape), docs)
}

if (import.meta.main) {
  writeFileSync(SCHEMA_FILE, renderSchemaJson())
  writeFileSync(DOCS_FILE, withKeyTables(readFileSync(DOCS_FILE, 'utf8')))
}
