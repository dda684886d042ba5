// Security keys (sk-) against a key in software; OpenSSH's own client is in security-key-provider.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSecurityKey, type SecurityKey, TOUCHED, VERIFIED } from '../helpers/security-key.ts'
import { type CoreServer, startSftpCore } from '../helpers/sftp-core.ts'
import { type AuthAnswer, connectForAuth } from '../helpers/ssh-auth-client.ts'
import { keyBench } from '../helpers/ssh-keys.ts'

const KINDS = ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const

function userWith(key: SecurityKey, options = ''): string {
  return `users: { alice: { keys: ['${options}${key.line}'] } }`
}

/** One login with the key: what came for the probe, and for the signature with these flags. */
async function login(
  server: CoreServer,
  key: SecurityKey,
  flags: number,
  change: (signature: Buffer) => Buffer = (signature) => signature,
): Promise<readonly AuthAnswer['is'][]> {
  const client = await connectForAuth(server.port)
  const request = { user: 'alice', algorithm: key.kind, blob: key.blob }
  const probed = await client.probe(request)
  const used = await client.use(request, (data) => change(key.sign(data, flags)))
  client.close()
  return [probed.is, used.is]
}

const reasons = ({ events }: CoreServer): readonly string[] =>
  events.flatMap((event) => (event.type === 'login.denied' ? [event.reason] : []))

for (const kind of KINDS) {
  test(`${kind}: a touch lets in, none does not`, async (t) => {
    const key = makeSecurityKey(kind)
    const server = await startSftpCore({ users: userWith(key) })
    t.after(() => server.close())
    assert.deepEqual(await login(server, key, TOUCHED), ['ok', 'success'])
    assert.deepEqual(await login(server, key, TOUCHED | VERIFIED), ['ok', 'success'])
    assert.deepEqual(await login(server, key, 0), ['ok', 'failure'])
    assert.deepEqual(await login(server, key, VERIFIED), ['ok', 'failure'])
    assert.deepEqual(reasons(server), ['touch-missing', 'touch-missing'])
  })

  test(`${kind}: no-touch-required and verify-required`, async (t) => {
    const key = makeSecurityKey(kind, 'ssh:elsewhere')
    const lax = await startSftpCore({ users: userWith(key, 'no-touch-required ') })
    const strict = await startSftpCore({ users: userWith(key, 'verify-required ') })
    t.after(() => Promise.all([lax.close(), strict.close()]))
    assert.deepEqual(await login(lax, key, 0), ['ok', 'success'])
    assert.deepEqual(await login(strict, key, TOUCHED), ['ok', 'failure'])
    assert.deepEqual(await login(strict, key, TOUCHED | VERIFIED), ['ok', 'success'])
    assert.deepEqual(reasons(strict), ['verification-missing'])
  })

  test(`${kind}: flags, counter, length and application are signed`, async (t) => {
    const key = makeSecurityKey(kind)
    const server = await startSftpCore({ users: userWith(key) })
    t.after(() => server.close())
    const flipped = (fromEnd: number) => (signature: Buffer) => {
      const copy = Buffer.from(signature)
      copy.writeUInt8(copy.readUInt8(copy.length - fromEnd) ^ 1, copy.length - fromEnd)
      return copy
    }
    // Touched is made out of untouched, the counter is another, a byte is too many or missing.
    assert.deepEqual(await login(server, key, 0, flipped(5)), ['ok', 'failure'])
    assert.deepEqual(await login(server, key, TOUCHED, flipped(1)), ['ok', 'failure'])
    const longer = (signature: Buffer) => Buffer.concat([signature, Buffer.from([0])])
    assert.deepEqual(await login(server, key, TOUCHED, longer), ['ok', 'failure'])
    const shorter = (signature: Buffer) => signature.subarray(0, -1)
    assert.deepEqual(await login(server, key, TOUCHED, shorter), ['ok', 'failure'])
    assert.deepEqual(await login(server, key, TOUCHED, () => Buffer.alloc(3)), ['ok', 'failure'])
    assert.deepEqual(reasons(server), Array(5).fill('bad-signature'))
    const other = makeSecurityKey(kind, 'ssh:other')
    assert.deepEqual(await login(server, other, TOUCHED), ['failure', 'failure'])
  })
}

test('a security key can be certified, and is touched then too', async (t) => {
  const bench = keyBench()
  const ca = await bench.make('ca', 'ed25519')
  const users = `users: { alice: { keys: ['cert-authority ${ca.line}'] }, bob: { keys: ['cert-authority,verify-required ${ca.line}'] } }`
  const server = await startSftpCore({ users })
  t.after(() => server.close())
  for (const kind of KINDS) {
    const key = makeSecurityKey(kind)
    const certificate = await bench.certifyLine(ca, key.line, ['-n', 'alice,bob'])
    const algorithm = kind.replace('@', '-cert-v01@')
    for (const [user, flags, wanted] of [
      ['alice', TOUCHED, 'success'],
      ['alice', 0, 'failure'],
      ['bob', TOUCHED, 'failure'],
      ['bob', TOUCHED | VERIFIED, 'success'],
    ] as const) {
      const client = await connectForAuth(server.port)
      const answer = await client.use({ user, algorithm, blob: certificate }, (data) => key.sign(data, flags))
      client.close()
      assert.equal(answer.is, wanted, `${kind} ${user} ${flags}`)
    }
  }
})
