import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayCarryCode, splitAppendedCode } from '../../../src/core/auth/totp.ts'

test('a secret may carry a code when something stands before six digits', () => {
  for (const secret of ['x123456', '1234567', 'x12345678', ' 123456'])
    assert.equal(mayCarryCode(secret), true, secret)
  for (const secret of ['', '123456', 'x12345', '123456x', 'x123456\n', 'x12345６'])
    assert.equal(mayCarryCode(secret), false, secret)
})

test('the code is cut off at the user’s length', () => {
  assert.deepEqual(splitAppendedCode('pass123456', 6), { password: 'pass', code: '123456' })
  assert.deepEqual(splitAppendedCode('pass12345678', 8), { password: 'pass', code: '12345678' })
  assert.deepEqual(splitAppendedCode('12345678', 6), { password: '12', code: '345678' })
  assert.equal(splitAppendedCode('pass123456', 8), undefined)
  assert.equal(splitAppendedCode('123456', 6), undefined)
  assert.equal(splitAppendedCode('12345', 6), undefined)
  assert.equal(splitAppendedCode('pass+12345', 6), undefined)
})
