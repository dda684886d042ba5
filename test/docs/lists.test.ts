// The lists in docs/ say what the code has: no more, no less.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { AuditEventType } from '../../src/core/audit/events.ts'
import { ERROR_CODES } from '../../src/core/errors.ts'
import { DENY_REASONS } from '../../src/core/policy/decide.ts'

/** Total by its type, so that a new event does not compile before it is listed here and in the document. */
const EVENT_TYPES: Readonly<Record<AuditEventType, true>> = {
  'connection.opened': true,
  'connection.refused': true,
  'connection.closed': true,
  'connection.excepted': true,
  'connection.unmatched': true,
  'login.factor-ok': true,
  'login.granted': true,
  'login.denied': true,
  'login.key-refused': true,
  'login.locked': true,
  'login.rehashed': true,
  'file.transfer': true,
  'file.changed': true,
  'file.denied': true,
  'session.limited': true,
  'session.error': true,
  'server.started': true,
  'server.reloaded': true,
  'server.stopped': true,
}

function document(path: string): Promise<string> {
  return readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
}

/** First cells of the table rows below a heading, without their backticks. */
function firstColumn(text: string, heading: string): readonly string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  assert.ok(section !== undefined, `there is no section "${heading}"`)
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map((row) => row[1] ?? '')
}

function same(found: readonly string[], wanted: readonly string[]): void {
  assert.deepEqual([...found].sort(), [...wanted].sort())
}

test('docs/errors.md has every error code', async () => {
  same(firstColumn(await document('docs/errors.md'), 'Codes'), ERROR_CODES)
})

test('docs/audit.md has every event and every reason', async () => {
  const text = await document('docs/audit.md')
  same(firstColumn(text, 'Events'), Object.keys(EVENT_TYPES))
  same(firstColumn(text, 'Reasons'), DENY_REASONS)
})

test('docs/dependencies.md has every dependency', async () => {
  const text = await document('docs/dependencies.md')
  const manifest: Readonly<{
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }> = JSON.parse(await document('package.json'))
  same(firstColumn(text, 'At run time'), Object.keys(manifest.dependencies))
  same(firstColumn(text, 'For development and tests'), Object.keys(manifest.devDependencies))
})

/** The cells of each row, without what stands beside their numbers. */
function rows(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n').filter((line) => /^\s*\|.*\d\.\d\d/.test(line))
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const numbers = (text = '') => text.match(/\d+\.\d+/g) ?? []

test('README.md has the figures of docs/performance.md', async () => {
  const measured = rows(await document('docs/performance.md'))
  const shown = rows(await document('README.md'))
  assert.ok(shown.length > 0)
  for (const [what = '', ours, others] of shown) {
    const [, subject, direction] = /(\S+) (down|up)load$/.exec(what) ?? []
    // The first table that has it: later ones are of other circumstances.
    const row = measured.find((cells) => cells[0] === subject && cells[1] === direction)
    assert.deepEqual([ours, numbers(others)], [row?.[2], numbers(row?.[3])], what)
  }
})
