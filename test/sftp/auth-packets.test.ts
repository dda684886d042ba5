// Requests for the method publickey that no client makes by itself: forged, cut, with more bytes than there should be.
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { before, test } from 'node:test'
import type { KeyTrust } from '../../src/core/auth/key-rules.ts'
import { fingerprintOf } from '../../src/sftp/key-blob.ts'
import { type CoreServer, startSftpCore } from '../helpers/sftp-core.ts'
import { type AuthAnswer, connectForAuth, sshString } from '../helpers/ssh-auth-client.ts'
import { type KeyFiles, keyBench } from '../helpers/ssh-keys.ts'

const PLAIN = 'ssh-ed25519'
const CERTIFIED = 'ssh-ed25519-cert-v01@openssh.com'
const NEUTRAL: AuthAnswer = {
  is: 'failure',
  methods: ['publickey', 'password', 'keyboard-interactive'],
  partial: false,
}

const bench = keyBench()
const pair = generateKeyPairSync('ed25519')
const raw = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
const blob = Buffer.concat([sshString(PLAIN), sshString(raw)])
const line = `${PLAIN} ${blob.toString('base64')} mine`
let ca: KeyFiles
let certificate: Buffer

before(async () => {
  ca = await bench.make('ca', 'ed25519')
  certificate = await bench.certifyLine(ca, line, ['-n', 'alice', '-z', '7'])
})

const signedBy =
  (key: KeyObject, tail: Buffer = Buffer.alloc(0)) =>
  (data: Buffer): Buffer =>
    Buffer.concat([sshString(PLAIN), sshString(sign(null, data, key)), tail])
const mine = signedBy(pair.privateKey)

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  const index = at < 0 ? copy.length + at : at
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index)
  return copy
}

const trust: KeyTrust = {
  trusts: (_, authority) => authority === ca.fingerprint,
  isRevoked: () => false,
}

const reasons = ({ events }: CoreServer): readonly string[] =>
  events.flatMap((event) =>
    event.type === 'login.denied' || event.type === 'login.key-refused' ? [event.reason] : [],
  )

test('what is wrong with a key or certificate: one answer, the reason in the audit', async (t) => {
  const users = `users: { alice: { keys: ['${line}', 'cert-authority ${ca.line}'] } }`
  const server = await startSftpCore({ users })
  t.after(() => server.close())
  const stranger = signedBy(generateKeyPairSync('ed25519').privateKey)
  // Where the serial stands: behind the name, the nonce of 32 bytes and the key.
  const serial = 4 + CERTIFIED.length + 4 + 32 + 4 + 32 + 7
  const cases = [
    ['a key signed for by another', PLAIN, blob, stranger, 'bad-signature'],
    [
      'bytes behind a signature',
      CERTIFIED,
      certificate,
      signedBy(pair.privateKey, Buffer.alloc(1)),
      'bad-signature',
    ],
    ['no signature', PLAIN, blob, () => Buffer.alloc(0), 'bad-signature'],
    ['bytes behind a key', PLAIN, Buffer.concat([blob, Buffer.alloc(1)]), mine, 'unsupported-key'],
    ['half a key', PLAIN, blob.subarray(0, 30), mine, 'unsupported-key'],
    ['nothing for a key', PLAIN, Buffer.alloc(0), mine, 'unsupported-key'],
    ['a key by another name', 'ecdsa-sha2-nistp256', blob, mine, 'unsupported-key'],
    ['an unknown name', 'ssh-unknown', blob, mine, 'unsupported-key'],
    ['a certificate as a key', PLAIN, certificate, mine, 'unsupported-key'],
    ['a key as a certificate', CERTIFIED, blob, mine, 'certificate-malformed'],
    ['a certificate signed for by another', CERTIFIED, certificate, stranger, 'bad-signature'],
    ['a forged signature of the authority', CERTIFIED, flipped(certificate, -1), mine, 'certificate-forged'],
    ['another serial', CERTIFIED, flipped(certificate, serial), mine, 'certificate-forged'],
    [
      'bytes behind a certificate',
      CERTIFIED,
      Buffer.concat([certificate, Buffer.alloc(1)]),
      mine,
      'certificate-malformed',
    ],
    ['half a certificate', CERTIFIED, certificate.subarray(0, 150), mine, 'certificate-malformed'],
  ] as const
  for (const [title, algorithm, shown, signature, reason] of cases) {
    server.events.length = 0
    const client = await connectForAuth(server.port)
    const request = { user: 'alice', algorithm, blob: shown }
    if (reason !== 'bad-signature') assert.deepEqual(await client.probe(request), NEUTRAL, title)
    assert.deepEqual(await client.use(request, signature), NEUTRAL, title)
    client.close()
    assert.deepEqual(new Set(reasons(server)), new Set([reason]), title)
    assert.equal(server.open(), 0)
  }
  const client = await connectForAuth(server.port)
  assert.equal(
    (await client.use({ user: 'alice', algorithm: CERTIFIED, blob: certificate }, mine)).is,
    'success',
  )
  client.close()
})

test('a key that is shown: yes for its user alone, the same no for all others, and no failure', async (t) => {
  const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? ''
  const unknown = Buffer.concat([sshString(PLAIN), sshString(Buffer.from(other, 'base64url'))])
  const users = `users:
  alice: { keys: ['${line}'] }
  carol: { password: $6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0 }
  dave: { keys: ['${line}'], enabled: false }
`
  const server = await startSftpCore({ users, trust })
  t.after(() => server.close())
  const show = async (user: string, algorithm: string, shown: Buffer): Promise<AuthAnswer> => {
    const client = await connectForAuth(server.port)
    const answer = await client.probe({ user, algorithm, blob: shown })
    client.close()
    return answer
  }
  assert.deepEqual(await show('alice', PLAIN, blob), { is: 'ok', algorithm: PLAIN, blob })
  assert.deepEqual(await show('alice', CERTIFIED, certificate), {
    is: 'ok',
    algorithm: CERTIFIED,
    blob: certificate,
  })
  for (const user of ['alice', 'carol', 'dave', 'nobody']) {
    assert.deepEqual(await show(user, PLAIN, unknown), NEUTRAL, user)
    if (user === 'alice') continue
    assert.deepEqual(await show(user, PLAIN, blob), NEUTRAL, user)
    assert.deepEqual(await show(user, CERTIFIED, certificate), NEUTRAL, user)
  }
  assert.deepEqual(new Set(server.events.map((event) => event.type)), new Set(['login.key-refused']))
  assert.deepEqual(
    server.events.map((event) => [event.user, event.type === 'login.key-refused' && event.reason]),
    [
      ['alice', 'unknown-key'],
      ['carol', 'factor-not-in-chain'],
      ['carol', 'factor-not-in-chain'],
      ['carol', 'factor-not-in-chain'],
      ['dave', 'user-disabled'],
      ['dave', 'user-disabled'],
      ['dave', 'user-disabled'],
      ['nobody', 'unknown-user'],
      ['nobody', 'unknown-user'],
      ['nobody', 'unknown-user'],
    ],
  )
  const [first] = server.events
  assert.equal(first?.type === 'login.key-refused' && first.key, fingerprintOf(unknown))
})

test('what is shown without end ends the connection', async (t) => {
  const server = await startSftpCore({
    users: `users: { alice: { keys: ['${line}'] } }`,
    settings: { authRequestsPerConnection: 5 },
  })
  t.after(() => server.close())
  const client = await connectForAuth(server.port)
  const answers: string[] = []
  for (let count = 0; count < 6; count += 1) {
    answers.push((await client.probe({ user: 'nobody', algorithm: PLAIN, blob })).is)
  }
  assert.deepEqual(answers, [...Array(5).fill('failure'), 'gone'])
})

test('a certificate is one factor of a chain, until it is revoked', async (t) => {
  let revoked = false
  const users = `users: { alice: { principals: [alice], password: ${'$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0'}, factors: [[publickey, password]] } }`
  const server = await startSftpCore({ users, trust: { ...trust, isRevoked: () => revoked } })
  t.after(() => server.close())
  const client = await connectForAuth(server.port)
  const request = { user: 'alice', algorithm: CERTIFIED, blob: certificate }
  const first = await client.use(request, mine)
  assert.deepEqual(first, { is: 'failure', methods: ['password', 'keyboard-interactive'], partial: true })
  revoked = true
  assert.equal((await client.use(request, mine)).is, 'failure')
  assert.deepEqual(reasons(server), ['key-revoked'])
  client.close()
})
