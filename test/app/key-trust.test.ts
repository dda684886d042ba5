import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openKeyTrust } from '../../src/app/key-trust.ts'
import { OperatorError } from '../../src/cli/failure.ts'
import { loadConfig } from '../../src/config/load.ts'
import { KEYS } from '../users/samples.ts'

const { ed25519, ecdsab256, rsab2048 } = KEYS
const SHOWN = { fingerprint: ed25519.fingerprint, blob: new Uint8Array() }

function setup(t: TestContext, files: Readonly<Record<string, string>>) {
  const dir = mkdtempSync(join(tmpdir(), 'key-trust-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text)
  for (const [name, text] of Object.entries(files)) write(name, text)
  write(
    'sallyport.yaml',
    `server: { baseDir: . }
listeners:
  - { name: staff, door: sftp, port: 0, userCertificateAuthorities: [ca.pub], revokedKeys: [revoked] }
  - { name: open, door: sftp, port: 0 }
  - { name: files, door: ftp, port: 0 }
`,
  )
  const loaded = loadConfig(join(dir, 'sallyport.yaml'), { env: {}, overrides: [] })
  assert.ok(loaded.ok)
  return { dir, write, config: loaded.config }
}

function refusal(t: TestContext, files: Readonly<Record<string, string>>): string {
  const { dir, config } = setup(t, { 'ca.pub': ed25519.line, revoked: '', ...files })
  try {
    openKeyTrust(config)
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof OperatorError, String(error))
    return `${error.message.replaceAll(`${dir}/`, '')} ${error.remedy}`
  }
}

test('authorities and revocation lists count on their listener alone', (t) => {
  const text = `# people\n${ed25519.line}\n\n${ecdsab256.line}\n`
  const { config } = setup(t, { 'ca.pub': text, revoked: ed25519.fingerprint })
  const trust = openKeyTrust(config)
  assert.ok(trust.trusts('staff', ed25519.fingerprint) && trust.trusts('staff', ecdsab256.fingerprint))
  assert.ok(!trust.trusts('staff', rsab2048.fingerprint))
  for (const name of ['open', 'files', 'unknown']) {
    assert.ok(!trust.trusts(name, ed25519.fingerprint))
    assert.ok(!trust.isRevoked(name, SHOWN))
  }
  assert.ok(trust.isRevoked('staff', SHOWN))
})

test('a reload reads them again; what cannot be used changes nothing', (t) => {
  const { write, config } = setup(t, { 'ca.pub': ed25519.line, revoked: '' })
  const trust = openKeyTrust(config)
  assert.ok(!trust.isRevoked('staff', SHOWN))
  write('revoked', `${ed25519.line}\n`)
  write('ca.pub', `${ecdsab256.line}\n`)
  trust.reload()
  assert.ok(trust.isRevoked('staff', SHOWN))
  assert.ok(trust.trusts('staff', ecdsab256.fingerprint) && !trust.trusts('staff', ed25519.fingerprint))
  write('revoked', 'nonsense\n')
  assert.throws(() => trust.reload(), OperatorError)
  assert.ok(trust.isRevoked('staff', SHOWN))
  assert.ok(trust.trusts('staff', ecdsab256.fingerprint))
})

test('what is wrong is named with its place and a remedy', (t) => {
  assert.match(refusal(t, { 'ca.pub': '# none\n' }), /^ca\.pub holds no public key\. Put the \.pub file/)
  assert.match(
    refusal(t, { 'ca.pub': `\n${rsab2048.line}` }),
    /^ca\.pub:2:1 {2}an RSA key of 2048 bits.*Make a new/,
  )
  assert.match(refusal(t, { 'ca.pub': 'hello' }), /^ca\.pub:1:1 {2}this is no SSH public key.*copy the line/)
  assert.match(
    refusal(t, { 'ca.pub': `restrict ${ed25519.line}` }),
    /^ca\.pub:1:1 {2}options before.*Remove them/,
  )
  assert.match(refusal(t, { revoked: '\nserial: x\n' }), /^revoked:2:1 {2}the revocation list.*ssh-keygen -k/)
  assert.match(refusal(t, { revoked: 'SSHKRL\n\0\0' }), /^revoked {2}the revocation list.*damaged/)
})
