import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Secret, TOTP, URI } from 'otpauth'
import { encodeBase32, otpauthUri, randomTotpSecret } from '../../../src/core/auth/otpauth-uri.ts'
import { TOTP_CREDENTIAL } from './harness.ts'

// RFC 4648, section 10, without the padding.
const VECTORS = [
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
] as const

for (const [plain, text] of VECTORS) {
  test(`base32 of ${JSON.stringify(plain)}`, () => {
    assert.equal(encodeBase32(new TextEncoder().encode(plain)), text)
  })
}

test('base32 is as a second implementation has it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      assert.equal(encodeBase32(bytes), new Secret({ buffer: Uint8Array.from(bytes).buffer }).base32)
    }),
  )
})

test('secrets are 160 bits and never twice the same', () => {
  assert.equal(randomTotpSecret().length, 20)
  assert.notDeepEqual(randomTotpSecret(), randomTotpSecret())
})

test('the URI is what an app reads back', () => {
  const uri = otpauthUri('Acme & Söhne: files', 'alice@example', {
    ...TOTP_CREDENTIAL,
    algorithm: 'sha256',
    digits: 8,
  })
  assert.match(
    uri,
    /^otpauth:\/\/totp\/Acme%20%26%20S%C3%B6hne%20%20files:alice%40example\?secret=[A-Z2-7]+&issuer=/,
  )
  const read = URI.parse(uri)
  assert.ok(read instanceof TOTP)
  assert.deepEqual([read.label, read.algorithm, read.digits, read.period], ['alice@example', 'SHA256', 8, 30])
  assert.deepEqual(read.secret.bytes, TOTP_CREDENTIAL.secret)
})
