import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateHostKey, parseHostKey } from '../../src/sftp/host-keys.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'

test('generated keys are read back, with the fingerprint that ssh-keygen prints', async () => {
  const [ed25519, rsa] = await Promise.all([generateHostKey('ed25519'), generateHostKey('rsa')])
  assert.ok(ed25519 && rsa)
  assert.match(ed25519.privateKey, /^-----BEGIN OPENSSH PRIVATE KEY-----/)
  assert.match(rsa.publicKey, /^ssh-rsa /)
  assert.equal(parseHostKey('a', ed25519.privateKey).algorithm, 'ssh-ed25519')
  assert.match(parseHostKey('b', rsa.privateKey).fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/)
})

test('no generated key is one of those that cannot be read', async () => {
  const keys = await Promise.all(Array.from({ length: 600 }, () => generateHostKey('ed25519')))
  for (const key of keys) parseHostKey('key', key.privateKey)
})

test('what is no usable host key is refused with the remedy', () => {
  const small = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
  const ecdsa = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 })
  const secret = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048, passphrase: 'x', cipher: 'aes256-ctr' })
  assert.throws(() => parseHostKey('k', 'garbage'), /^Error: k: not a private key.*ssh-keygen -t ed25519/)
  assert.throws(() => parseHostKey('k', small.public), /^Error: k: this is a public key/)
  assert.throws(() => parseHostKey('k', small.private), /3072 bits/)
  assert.throws(() => parseHostKey('k', ecdsa.private), /is not offered/)
  assert.throws(() => parseHostKey('k', secret.private), /encrypted.*ssh-keygen -p/)
})
