import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERROR_CODES, errorCodeOf, FileServerError } from '../../src/core/errors.ts'

test('every code is listed once', () => {
  assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length)
})

test('a foreign error is internal, ours keeps its code', () => {
  assert.equal(errorCodeOf(new TypeError('x')), 'internal')
  assert.equal(errorCodeOf('thrown text'), 'internal')
  assert.equal(errorCodeOf(new FileServerError('path.not-found')), 'path.not-found')
})
