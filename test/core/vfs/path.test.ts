import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { join, nameOf, PATH_LIMITS, parentOf, ROOT, resolveVirtual } from '../../../src/core/vfs/path.ts'
import { fails } from '../../helpers/storage-files.ts'

const docs = resolveVirtual(ROOT, '/docs')

test('paths are taken from the working directory and normalised', () => {
  const cases: Record<string, string> = {
    '': '/docs',
    '.': '/docs',
    'a/b/': '/docs/a/b',
    './/a///b/.': '/docs/a/b',
    '..': '/',
    '../../../..': '/',
    '/../etc': '/etc',
    '/': '/',
    'a/../../b': '/b',
    '...': '/docs/...',
    ' ': '/docs/ ',
    '-la': '/docs/-la',
    '\\..\\x': '/docs/\\..\\x',
  }
  for (const [input, path] of Object.entries(cases)) assert.equal(resolveVirtual(docs, input), path)
})

test('what needs no care is the same with care', () => {
  const part = fc.constantFrom(
    '',
    '.',
    '..',
    '...',
    'a',
    '.b',
    'c d',
    '~',
    '-',
    '/',
    '//',
    'ä',
    '\u007f',
    'x'.repeat(60),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom(ROOT, docs), (parts, cwd) => {
      const input = parts.join('/')
      const careful = input.startsWith('/') ? `/.${input}` : `./${input}`
      assert.equal(resolveVirtual(cwd, input), resolveVirtual(cwd, careful))
    }),
  )
})

test('what no file can be called is refused', async () => {
  const deep = 'd/'.repeat(PATH_LIMITS.depth + 1)
  const long = `${'n'.repeat(200)}/`.repeat(30)
  for (const input of [
    'a\0b',
    '\uD800',
    'bad\uFFFD',
    'n'.repeat(256),
    'ä'.repeat(128),
    deep,
    long,
    'x'.repeat(100_000),
  ]) {
    await fails('path.invalid', () => resolveVirtual(docs, input))
  }
  assert.equal(nameOf(resolveVirtual(docs, 'ä'.repeat(127))), 'ä'.repeat(127))
})

test('names and parents', async () => {
  assert.equal(parentOf(docs), '/')
  assert.equal(parentOf(ROOT), '/')
  assert.equal(nameOf(ROOT), '/')
  assert.equal(join(docs, 'x'), '/docs/x')
  for (const name of ['', '.', '..', 'a/b']) await fails('path.invalid', () => join(docs, name))
})
