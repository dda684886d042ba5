import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FileServerError } from '../../src/core/errors.ts'
import {
  isWithin,
  nameOf,
  parentOf,
  ROOT,
  resolveVirtual,
  type VirtualPath,
} from '../../src/core/vfs/path.ts'

const pieces = fc.constantFrom(
  '/',
  '//',
  '.',
  '..',
  '...',
  'a',
  'ä',
  '\0',
  '\uD800',
  '\uFFFD',
  'x'.repeat(256),
  ' ',
  '\n',
)
const input = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
)
const plain = fc
  .array(fc.constantFrom('a', 'b', 'c d', 'é'), { maxLength: 6 })
  .map((parts) => `/${parts.join('/')}` as VirtualPath)

function resolved(cwd: VirtualPath, text: string): VirtualPath | undefined {
  try {
    return resolveVirtual(cwd, text)
  } catch (error) {
    assert.ok(error instanceof FileServerError && error.code === 'path.invalid')
    return undefined
  }
}

test('resolve never leaves the root and throws path.invalid only', () => {
  fc.assert(
    fc.property(plain, input, (cwd, text) => {
      const path = resolved(cwd, text)
      if (path === undefined) return
      assert.ok(path.startsWith('/') && !path.includes('\0') && path.isWellFormed())
      assert.ok(path === '/' || !path.endsWith('/'))
      for (const part of path.slice(1).split('/')) {
        assert.ok(path === '/' || (part !== '' && part !== '.' && part !== '..'))
        assert.ok(Buffer.byteLength(part) <= 255)
      }
    }),
    { numRuns: 3000 },
  )
})

test('resolving twice changes nothing', () => {
  fc.assert(
    fc.property(plain, input, (cwd, text) => {
      const path = resolved(cwd, text)
      if (path !== undefined) assert.equal(resolveVirtual(cwd, path), path)
    }),
  )
})

test('parent and name make the path again', () => {
  fc.assert(
    fc.property(plain, (path) => {
      if (path === ROOT) return
      assert.equal(resolveVirtual(parentOf(path), nameOf(path)), path)
      assert.ok(isWithin(parentOf(path), path))
    }),
  )
})
