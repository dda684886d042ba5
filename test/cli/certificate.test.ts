import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { CERTIFICATE_DAYS, makeCertificates } from '../../src/cli/setup/certificate.ts'
import { localNames } from '../../src/cli/setup/host-names.ts'

const NOW = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

test('the certificate is signed by its authority and fits its key', async () => {
  const set = await makeCertificates({ hosts: ['localhost'], addresses: ['127.0.0.1', '::1'] }, NOW)
  const authority = new X509Certificate(set.authority)
  const server = new X509Certificate(set.certificate)
  assert.ok(server.verify(authority.publicKey))
  assert.ok(server.checkPrivateKey(createPrivateKey(set.key)))
  assert.ok(authority.ca)
  assert.ok(!server.ca)
  assert.equal(server.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
})

test('it covers every name and address asked for and no other', async () => {
  const set = await makeCertificates(
    { hosts: ['localhost', 'files.example'], addresses: ['127.0.0.1', '::1'] },
    NOW,
  )
  const server = new X509Certificate(set.certificate)
  assert.ok(server.checkHost('localhost'))
  assert.ok(server.checkHost('files.example'))
  assert.ok(server.checkIP('127.0.0.1'))
  assert.ok(server.checkIP('::1'))
  assert.equal(server.checkHost('other.example'), undefined)
})

test('it lives as long as common clients accept, and no longer', async () => {
  const set = await makeCertificates({ hosts: ['localhost'], addresses: [] }, NOW)
  const server = new X509Certificate(set.certificate)
  const days = (server.validToDate.getTime() - server.validFromDate.getTime()) / DAY_MS
  assert.ok(days <= CERTIFICATE_DAYS)
  assert.ok(server.validFromDate.getTime() < NOW)
})

test('this machine is known at least as localhost', () => {
  const names = localNames()
  assert.ok(names.hosts.includes('localhost'))
  assert.ok(names.addresses.includes('127.0.0.1'))
  assert.ok(names.addresses.every((address) => !address.startsWith('fe80')))
})
