// SSH certificates that ssh-keygen signs, with OpenSSH's client; what that refuses to send is in auth-packets.test.ts.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, test } from 'node:test'
import type { KeyTrust } from '../../src/core/auth/key-rules.ts'
import { run } from '../helpers/child.ts'
import { type CoreServer, startSftpCore } from '../helpers/sftp-core.ts'
import { type KeyFiles, keyBench } from '../helpers/ssh-keys.ts'

const bench = keyBench()
let ca: KeyFiles
let other: KeyFiles
let user: KeyFiles

before(async () => {
  ;[ca, other, user] = await Promise.all([
    bench.make('ca', 'ed25519'),
    bench.make('other', 'ed25519'),
    bench.make('user', 'ed25519'),
  ])
})

const trusting = (...authorities: KeyFiles[]): KeyTrust => ({
  trusts: (listener, authority) =>
    listener === 'test' && authorities.some((one) => one.fingerprint === authority),
  isRevoked: () => false,
})

/** The fake clock's noon of 15 January 2030, UTC. */
const IN_FORCE = ['-V', '20300101:20300201']

type Login = Readonly<{ server: CoreServer; key: KeyFiles; certificate?: string; name?: string }>

/** Logs in with OpenSSH's sftp by the key, with the certificate beside it; whether that worked. */
async function login({ server, key, certificate, name = 'alice' }: Login): Promise<boolean> {
  const options = [
    'PreferredAuthentications=publickey',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    ...(certificate === undefined ? [] : [`CertificateFile=${certificate}`]),
  ].flatMap((option) => ['-o', option])
  const args = ['-F', 'none', '-q', '-b', '-', '-i', key.file, '-P', String(server.port), ...options]
  const { code } = await run('sftp', [...args, `${name}@127.0.0.1`], {
    home: join(bench.dir, 'home'),
    input: 'pwd\n',
  })
  return code === 0
}

const PRINCIPAL = 'users: { alice: { principals: [alice] } }'

test('a certificate lets in, and the audit names it', async (t) => {
  const server = await startSftpCore({ users: PRINCIPAL, trust: trusting(ca) })
  t.after(() => server.close())
  const args = ['-n', 'root,alice', '-z', '4711', ...IN_FORCE]
  const certificate = await bench.certify(ca, { key: user, id: 'alice@laptop', args })
  assert.ok(await login({ server, key: user, certificate }))
  const granted = server.events.find((event) => event.type === 'login.granted')
  assert.ok(granted?.type === 'login.granted')
  assert.match(granted.client ?? '', /^ssh2|^OpenSSH/)
  assert.match(granted.crypto ?? '', /^[a-z0-9@.-]+ [a-z0-9@.-]+$/)
  const proven = server.events.find((event) => event.type === 'login.factor-ok')
  assert.deepEqual(
    { ...proven, at: 0, session: '', remoteIp: '' },
    {
      at: 0,
      session: '',
      remoteIp: '',
      door: 'sftp',
      listener: 'test',
      user: 'alice',
      type: 'login.factor-ok',
      factor: 'publickey',
      key: user.fingerprint,
      authority: ca.fingerprint,
      keyId: 'alice@laptop',
      serial: '4711',
    },
  )
})

type Refused = Readonly<{ title: string; by?: 'other'; args: readonly string[]; reason: string }>

const REFUSED: readonly Refused[] = [
  {
    title: 'of an authority that nobody trusts',
    by: 'other',
    args: ['-n', 'alice'],
    reason: 'unknown-authority',
  },
  { title: 'that is over', args: ['-n', 'alice', '-V', '20290101:20300101'], reason: 'certificate-expired' },
  {
    title: 'that has not begun',
    args: ['-n', 'alice', '-V', '20310101:20320101'],
    reason: 'certificate-not-yet-valid',
  },
  {
    title: 'for somebody else',
    args: ['-n', 'bob,Alice,alice2', ...IN_FORCE],
    reason: 'principal-not-allowed',
  },
  { title: 'for nobody', args: IN_FORCE, reason: 'principal-not-allowed' },
  {
    title: 'for another address',
    args: ['-n', 'alice', '-O', 'source-address=192.0.2.0/24,::1', ...IN_FORCE],
    reason: 'address-not-allowed-for-key',
  },
  {
    title: 'with a command',
    args: ['-n', 'alice', '-O', 'force-command=/bin/sh', ...IN_FORCE],
    reason: 'certificate-unsupported',
  },
  {
    title: 'with a critical option that nobody knows',
    args: ['-n', 'alice', '-O', 'critical:new@example.org=x', ...IN_FORCE],
    reason: 'certificate-unsupported',
  },
]

test('a certificate is refused, with the reason in the audit alone', async (t) => {
  const server = await startSftpCore({ users: PRINCIPAL, trust: trusting(ca) })
  t.after(() => server.close())
  for (const { title, by, args, reason } of REFUSED) {
    server.events.length = 0
    const certificate = await bench.certify(by === 'other' ? other : ca, { key: user, args })
    assert.equal(await login({ server, key: user, certificate }), false, title)
    const refused = server.events.flatMap((event) =>
      event.type === 'login.key-refused' && event.authority !== undefined ? [event] : [],
    )
    assert.deepEqual(
      refused.map((event) => [event.reason, event.key, event.keyId]),
      [[reason, user.fingerprint, 'the id']],
      title,
    )
    assert.equal(server.open(), 0)
  }
})

test('what is asked of a certificate and is so: address, internal-sftp, extensions', async (t) => {
  const server = await startSftpCore({ users: PRINCIPAL, trust: trusting(ca) })
  t.after(() => server.close())
  const options = ['source-address=127.0.0.0/8', 'force-command=internal-sftp', 'clear', 'extension:x@y=z']
  for (const option of options) {
    const certificate = await bench.certify(ca, {
      key: user,
      args: ['-n', 'alice', '-O', option, ...IN_FORCE],
    })
    assert.ok(await login({ server, key: user, certificate }), option)
  }
  const forever = await bench.certify(ca, { key: user, args: ['-n', 'alice'] })
  assert.ok(await login({ server, key: user, certificate: forever }), 'without an end')
})

test('every kind of key can be certified, and certify', async (t) => {
  const kinds = [['ed25519'], ['ecdsa', 256], ['ecdsa', 384], ['ecdsa', 521], ['rsa', 3072]] as const
  const pairs = await Promise.all(kinds.map(([kind, bits]) => bench.make(`${kind}-${bits}`, kind, bits)))
  const server = await startSftpCore({ users: PRINCIPAL, trust: trusting(...pairs) })
  t.after(() => server.close())
  for (const [index, key] of pairs.entries()) {
    const authority = pairs[(index + 1) % pairs.length] ?? key
    const certificate = await bench.certify(authority, { key, args: ['-n', 'alice', ...IN_FORCE] })
    assert.ok(await login({ server, key, certificate }), key.file)
  }
})

test('SHA-1 and small RSA keys certify nobody, and are not certified', async (t) => {
  const [small, large] = await Promise.all([
    bench.make('small', 'rsa', 2048),
    bench.make('large', 'rsa', 3072),
  ])
  const server = await startSftpCore({ users: PRINCIPAL, trust: trusting(small, large, ca) })
  t.after(() => server.close())
  const args = ['-n', 'alice', ...IN_FORCE]
  const sha1 = await bench.certify(large, { key: user, args: ['-t', 'ssh-rsa', ...args] })
  const weak = await bench.certify(small, { key: user, args })
  const certified = await bench.certify(ca, { key: small, args })
  assert.equal(await login({ server, key: user, certificate: sha1 }), false)
  assert.equal(await login({ server, key: user, certificate: weak }), false)
  assert.equal(await login({ server, key: small, certificate: certified }), false)
  const good = await bench.certify(large, { key: user, args })
  assert.ok(await login({ server, key: user, certificate: good }))
})

test('a host certificate is no user certificate', async (t) => {
  const server = await startSftpCore({ users: PRINCIPAL, trust: trusting(ca) })
  t.after(() => server.close())
  const certificate = await bench.certify(ca, { key: user, args: ['-h', '-n', 'alice', ...IN_FORCE] })
  assert.equal(await login({ server, key: user, certificate }), false)
})

test('principals: the name, or what the user has in its place', async (t) => {
  const users = `users:
  alice: { factors: [[publickey]] }
  bob: { principals: [deploy, release] }
  carol: { keys: ['${user.line}'] }
`
  const server = await startSftpCore({ users, trust: trusting(ca) })
  t.after(() => server.close())
  const as = async (principal: string, name: string): Promise<boolean> => {
    const certificate = await bench.certify(ca, { key: other, args: ['-n', principal, ...IN_FORCE] })
    return login({ server, key: other, certificate, name })
  }
  assert.ok(await as('alice', 'alice'))
  assert.ok(await as('release', 'bob'))
  assert.equal(await as('bob', 'bob'), false)
  assert.ok(await as('carol', 'carol'))
  assert.equal(await as('alice', 'nobody'), false)
})

test('an authority of one user: names, address and time from its line', async (t) => {
  const line = (options: string): string => `'cert-authority${options} ${ca.line}'`
  const users = `users:
  alice: { keys: [${line('')}] }
  bob: { keys: [${line(',principals="deploy"')}] }
  carol: { keys: [${line(',from="192.0.2.0/24"')}] }
  dave: { keys: [${line(',expiry-time="20300115Z"')}] }
`
  const server = await startSftpCore({ users })
  t.after(() => server.close())
  const args = ['-n', 'alice,carol,dave,deploy', ...IN_FORCE]
  const certificate = await bench.certify(ca, { key: user, args })
  const as = (name: string) => login({ server, key: user, certificate, name })
  assert.ok(await as('alice'))
  assert.ok(await as('bob'))
  assert.equal(await as('carol'), false)
  assert.equal(await as('dave'), false)
  // The authority's own key is nobody's key.
  assert.equal(await login({ server, key: ca }), false)
})
