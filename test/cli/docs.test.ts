import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CLI_DOCS_FILE, withVerbs } from '../../scripts/generate-cli-docs.ts'
import { VERBS } from '../../src/cli/table.ts'

test('docs/cli.md lists every verb and option as the table has them', () => {
  const docs = readFileSync(CLI_DOCS_FILE, 'utf8')
  assert.equal(docs, withVerbs(docs), 'run: node scripts/generate-cli-docs.ts')
})

test('every verb stands once and says what it does', () => {
  assert.equal(new Set(VERBS.map((verb) => verb.path)).size, VERBS.length)
  for (const verb of VERBS) assert.match(verb.summary, /^[a-z].{5,70}[^.]$/, verb.path)
})

test('no verb takes a password as an argument or option value', () => {
  const texts = VERBS.flatMap((verb) => [
    ...(verb.args ?? []).map((row) => row.syntax),
    ...(verb.options ?? []).map((row) => row.flags),
  ])
  assert.ok(texts.every((text) => !/password|secret|passwd/i.test(text)))
})
