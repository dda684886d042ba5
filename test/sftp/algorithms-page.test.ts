// docs/ssh-algorithms.md says what the code offers: no more, no less, in the same order.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { type Additions, EXCEPTIONS, listsWith, PROFILES } from '../../src/sftp/algorithms.ts'

const page = await readFile(new URL('../../docs/ssh-algorithms.md', import.meta.url), 'utf8')

const KINDS = {
  'Key exchange': 'kex',
  'Host keys': 'hostKey',
  Ciphers: 'cipher',
  MACs: 'mac',
  'Signatures of users': 'signature',
} as const

const codeWords = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')

/** Rows of the table below a heading: the first cell, and the names in the second. */
function rows(heading: string): readonly (readonly [string, readonly string[]])[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const cells = [...section.matchAll(/^\| (.+?) *\| (.*?) *\|/gm)].map(
    (row) => [row[1] ?? '', row[2] ?? ''] as const,
  )
  return cells.slice(2).map(([first, names]) => [first, codeWords(names)])
}

const byKind = (lists: Additions): readonly (readonly [string, readonly string[]])[] =>
  Object.entries(KINDS).flatMap(([title, kind]) => {
    const names = lists[kind]
    return names === undefined ? [] : [[title, names] as const]
  })

test('the profiles are on the page', () => {
  assert.deepEqual(rows('modern'), byKind(listsWith([])))
  assert.deepEqual(rows('compatible'), byKind(PROFILES.compatible))
})

test('the dated exceptions are on the page', () => {
  const wanted = Object.entries<Additions>(EXCEPTIONS).map(([name, added]) => [
    `\`${name}\``,
    byKind(added).flatMap(([, names]) => names),
  ])
  assert.deepEqual(rows('Dated exceptions'), wanted)
})
