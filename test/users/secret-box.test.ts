import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createSecretBox, makeSecretsKey, openSecretBox } from '../../src/users/secret-box.ts'

const secret = Buffer.from('12345678901234567890')

test('what is sealed for a user opens for that user and key alone', () => {
  const box = createSecretBox(Buffer.alloc(32, 1))
  const text = box.seal('alice', secret)
  assert.match(text, /^enc:v1:[A-Za-z0-9+/=]+$/)
  assert.notEqual(box.seal('alice', secret), text)
  assert.deepEqual(Buffer.from(box.open('alice', text) ?? []), secret)
  assert.equal(box.open('bob', text), undefined)
  assert.equal(createSecretBox(Buffer.alloc(32, 2)).open('alice', text), undefined)
})

test('any damage is noticed', () => {
  const box = createSecretBox(Buffer.alloc(32, 1))
  const text = box.seal('alice', secret)
  const bytes = Buffer.from(text.slice('enc:v1:'.length), 'base64')
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    assert.equal(box.open('alice', `enc:v1:${damaged.toString('base64')}`), undefined)
  }
  for (const other of ['', 'enc:v1:', 'enc:v2:AAAA', 'JBSWY3DPEHPK3PXP', text.slice(0, 30)]) {
    assert.equal(box.open('alice', other), undefined)
  }
})

test('the key file must be private and whole', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'secret-box-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'secrets.key')
  assert.match(JSON.stringify(openSecretBox(file)), /cannot be read \(ENOENT\)/)
  writeFileSync(file, makeSecretsKey(), { mode: 0o600 })
  const opened = openSecretBox(file)
  assert.ok(opened.ok)
  assert.deepEqual(Buffer.from(opened.box.open('a', opened.box.seal('a', secret)) ?? []), secret)
  chmodSync(file, 0o640)
  const open = openSecretBox(file)
  assert.ok(!open.ok)
  assert.match(open.message, /may be read by others \(mode 0640\)/)
  assert.match(open.remedy, /^Close it with `chmod 600 /)
  writeFileSync(file, 'short\n')
  chmodSync(file, 0o600)
  assert.match(JSON.stringify(openSecretBox(file)), /does not hold 32 bytes/)
})
