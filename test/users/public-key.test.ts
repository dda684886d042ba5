import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePublicKey } from '../../src/users/public-key.ts'
import { KEYS } from './samples.ts'

function refusal(line: string): string {
  const parsed = parsePublicKey(line)
  return parsed.ok ? 'accepted' : `${parsed.message}; ${parsed.remedy}`
}

test('fingerprints are those of ssh-keygen', () => {
  for (const [name, { line, fingerprint }] of Object.entries(KEYS)) {
    if (name === 'rsab1024') continue
    const parsed = parsePublicKey(line)
    assert.ok(parsed.ok, name)
    assert.equal(parsed.key.fingerprint, fingerprint)
    assert.equal(parsed.key.comment, `${name} key`)
    assert.equal(parsed.key.algorithm, line.split(' ')[0])
    assert.equal(parsed.warnings.length > 0, name === 'rsab2048')
  }
})

test('a comment is not needed', () => {
  const parsed = parsePublicKey(KEYS.ed25519.line.split(' ').slice(0, 2).join(' '))
  assert.equal(parsed.ok && parsed.key.comment, '')
})

test('weak, foreign and damaged keys are refused with the reason', () => {
  const [kind, blob = ''] = KEYS.ed25519.line.split(' ')
  assert.match(refusal(KEYS.rsab1024.line), /an RSA key of 1024 bits is too weak; make one/)
  assert.match(refusal('ssh-dss AAAAB3NzaC1kc3MAAACBAA=='), /DSA keys are too weak/)
  assert.match(refusal('sk-ssh-ed25519@openssh.com AAAA'), /does not hold what sk-ssh-ed25519@openssh.com/)
  assert.match(refusal(`${kind} ${blob.slice(0, -4)}`), /does not hold what ssh-ed25519 promises/)
  assert.match(refusal(`${kind} ${blob.slice(0, -3)}`), /is not base64/)
  assert.match(refusal(`ssh-rsa ${blob}`), /does not hold what ssh-rsa promises/)
  assert.match(refusal(kind ?? ''), /is not base64/)
  assert.match(refusal('-----BEGIN OPENSSH PRIVATE KEY-----'), /this is a private key/)
  assert.match(refusal(`${KEYS.ed25519.line}\n${KEYS.ed25519.line}`), /more than one line/)
  assert.match(refusal('hello'), /this is no SSH public key/)
})
