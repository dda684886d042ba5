import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { nativeParts } from '../../src/app/native-parts.ts'
import { nativeLine } from '../../src/cli/format/native-parts.ts'
import { configSchema } from '../../src/config/schema.ts'
import { NATIVE_PARTS } from '../../src/native/native.ts'
import { needsNative } from '../helpers/native.ts'

const config = (native: boolean) => configSchema.parse({ server: { native } })
const ours = (native: boolean) => nativeParts(config(native))

test('the switch leaves our own parts out, and says so', () => {
  assert.equal(ours(false).length, Object.keys(NATIVE_PARTS).length)
  for (const part of ours(false)) assert.equal(part.state, 'off')
})

test('without the switch they are there', needsNative, () => {
  for (const part of ours(true)) assert.equal(part.state, 'present')
})

test('docs/operations.md explains every part', () => {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  for (const { name } of nativeParts(config(true))) assert.ok(text.includes(`| \`${name}\` `), name)
})

test('the line names what is there, and the cost of what is not', () => {
  const line = nativeLine([
    { name: 'one', state: 'present', without: 'never shown' },
    { name: 'two', state: 'absent', without: 'it costs more' },
    { name: 'three', state: 'off', without: 'it waits' },
  ])
  assert.equal(line, 'Native parts: one (present), two (absent: it costs more), three (off: it waits).')
})
