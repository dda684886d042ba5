import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  DOCS_FILE,
  renderSchemaJson,
  SCHEMA_FILE,
  withKeyTables,
} from '../../scripts/generate-config-schema.ts'
import { CONFIG_KEYS, entryKeys } from '../../src/config/keys.ts'
import { renderDefaultConfig } from '../../src/config/template.ts'
import { complaints, loaded, project } from './helpers.ts'

test('the template shows every key, and loading it gives exactly the defaults', (t) => {
  const text = renderDefaultConfig()
  const { dir, file } = project(t, text)
  const fromTemplate = loaded(file)
  const empty = project(t, '')
  const relative = (value: unknown, base: string) => JSON.stringify(value).replaceAll(base, 'DIR')
  assert.equal(relative(fromTemplate, dir), relative(loaded(empty.file), empty.dir))
  for (const key of CONFIG_KEYS) assert.match(text, new RegExp(`^ *${key.path.at(-1)}:`, 'm'))
  assert.ok(text.split('\n').every((line) => line.length <= 120))
})

test('every key has a description', () => {
  for (const key of [...CONFIG_KEYS, ...CONFIG_KEYS.flatMap((one) => entryKeys(one.shape))]) {
    assert.ok((key.shape.description ?? '') !== '', key.path.join('.'))
  }
})

test('config/schema.json is what the schema says (node scripts/generate-config-schema.ts makes it anew)', () => {
  assert.equal(readFileSync(SCHEMA_FILE, 'utf8'), renderSchemaJson())
})

test('docs/configuration.md lists every key as the schemas have it', () => {
  const docs = readFileSync(DOCS_FILE, 'utf8')
  assert.equal(docs, withKeyTables(docs))
})

for (const page of ['configuration.md', 'ssh-algorithms.md']) {
  test(`the examples of docs/${page} load, with listeners of a list that is cut out of its file`, (t) => {
    const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8')
    const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block)
    // Those of the users file have a test of their own.
    const examples = blocks.filter((block) => /^(listeners|ftp|- name):/.test(block))
    assert.ok(examples.length > 0)
    for (const example of examples) {
      const whole = example.startsWith('- ') ? `listeners:\n${example}` : example
      assert.deepEqual(complaints(project(t, whole).file), [], example)
    }
  })
}
