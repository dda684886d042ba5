import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificateName, isCertificateName, subjectText } from '../../../src/core/auth/client-certificate.ts'

test('a subject is one text, however it was written', () => {
  const written = [
    'C=DE, O=Acme, CN=bot',
    'C=DE,O=Acme,CN=bot',
    ' C = DE , O = Acme , CN = bot ',
    'C=DE,  O=Acme,CN= bot',
  ]
  for (const text of written) {
    assert.ok(isCertificateName(text), text)
    assert.equal(certificateName(text), 'C=DE, O=Acme, CN=bot', text)
  }
  assert.equal(subjectText('C=DE\nO=Acme\nCN=bot'), 'C=DE, O=Acme, CN=bot')
})

test('what a value holds is no attribute', () => {
  // As Node has them: a comma, a plus, a line break and a blank at the end, inside values.
  const tricky = 'O=Acme\\, CN=admin\nOU=a\\+b + CN=x\\0Ay\\ '
  const text = subjectText(tricky)
  assert.equal(text, 'O=Acme\\, CN=admin, OU=a\\+b + CN=x\\0Ay\\ ')
  assert.ok(isCertificateName(text))
  assert.equal(certificateName(text), text)
  assert.notEqual(certificateName('O=Acme, CN=admin, OU=a\\+b + CN=x\\0Ay\\ '), text)
  assert.notEqual(certificateName('O=Acme\\\\, CN=admin'), certificateName('O=Acme\\, CN=admin'))
})

test('a fingerprint is one text, with colons or without', () => {
  const colons = Array.from({ length: 32 }, () => 'AB').join(':')
  assert.ok(isCertificateName(colons))
  assert.equal(certificateName(colons), 'ab'.repeat(32))
})

test('what names no certificate is refused', () => {
  for (const text of [
    '',
    'ab',
    'alice',
    '=alice',
    'CN=',
    'CN= ',
    'CN=a\nO=b',
    'CN=a\u0000',
    `CN=${'x'.repeat(1024)}`,
    'ab'.repeat(33),
  ])
    assert.equal(isCertificateName(text), false, JSON.stringify(text))
})
