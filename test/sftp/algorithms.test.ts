import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Algorithms, ConnectConfig } from 'ssh2'
import { ALGORITHM_EXCEPTIONS, ALGORITHM_PROFILES } from '../../src/config/sections/algorithms.ts'
import { EXCEPTIONS, PROFILES } from '../../src/sftp/algorithms.ts'
import { createTerms, type TermsSettings } from '../../src/sftp/terms.ts'
import { connect } from '../helpers/sftp-raw-client.ts'
import { startSftp, termsWith } from '../helpers/sftp-server.ts'

const MODERN: TermsSettings = { profile: 'modern', minRsaBits: 3072, exceptions: [] }
const COMPATIBLE: TermsSettings = { ...MODERN, profile: 'compatible' }

const outcome = async (port: number, config: ConnectConfig): Promise<string> => {
  try {
    const client = await connect(port, config)
    client.end()
    return 'in'
  } catch (error) {
    return String(error)
  }
}

/** What each client comes to at a server with these terms. */
async function outcomes(terms: TermsSettings, clients: readonly ConnectConfig[]): Promise<readonly string[]> {
  const server = await startSftp({ settings: { terms } })
  const all: string[] = []
  for (const client of clients) all.push(await outcome(server.port, client))
  await server.close()
  return all
}

const only = (...lists: readonly Algorithms[]): readonly ConnectConfig[] =>
  lists.map((algorithms) => ({ algorithms }))

const WEAK = only(
  { serverHostKey: ['ssh-rsa'] },
  { kex: ['diffie-hellman-group14-sha1'] },
  { kex: ['diffie-hellman-group-exchange-sha256'] },
  { kex: ['diffie-hellman-group1-sha1'] },
  { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] },
  { cipher: ['aes128-cbc'] },
  { compress: ['zlib@openssh.com'] },
)
const OLDER = only(
  { kex: ['ecdh-sha2-nistp256'] },
  { kex: ['diffie-hellman-group14-sha256'] },
  { cipher: ['aes256-ctr'], hmac: ['hmac-sha2-256'] },
  { cipher: ['aes128-ctr'], hmac: ['hmac-sha2-512'] },
)
const GOOD = only(
  { serverHostKey: ['rsa-sha2-512'] },
  { serverHostKey: ['rsa-sha2-256'], kex: ['diffie-hellman-group16-sha512'] },
  { serverHostKey: ['ssh-ed25519'], cipher: ['chacha20-poly1305@openssh.com'] },
  { kex: ['curve25519-sha256@libssh.org'], cipher: ['aes256-ctr'], hmac: ['hmac-sha2-512-etm@openssh.com'] },
  { kex: ['diffie-hellman-group18-sha512'], cipher: ['aes256-gcm@openssh.com'] },
)

const isRefused = (text: string): boolean => /no matching/.test(text)

test('modern: SHA-1, group exchange, CBC, compression, NIST curves and plain MACs are not there', async () => {
  const refused = await outcomes(MODERN, [...WEAK, ...OLDER])
  assert.deepEqual(
    refused.filter((text) => !isRefused(text)),
    [],
  )
  assert.deepEqual(
    await outcomes(MODERN, GOOD),
    GOOD.map(() => 'in'),
  )
})

test('compatible: what older libraries know besides, and still nothing weak', async () => {
  const both = [...GOOD, ...OLDER]
  assert.deepEqual(
    await outcomes(COMPATIBLE, both),
    both.map(() => 'in'),
  )
  const refused = await outcomes(COMPATIBLE, WEAK)
  assert.deepEqual(
    refused.filter((text) => !isRefused(text)),
    [],
  )
})

test('libssh2 before 1.11 gets the MACs it needs by its name, later ones and others do not', async () => {
  const plain: Algorithms = { cipher: ['aes128-ctr'], hmac: ['hmac-sha2-256'] }
  const idents = ['libssh2_1.4.3', 'libssh2_1.10.0', 'libssh2_1.11.0', 'libssh2_1.100', 'OpenSSH_5.3']
  const said = await outcomes(
    MODERN,
    idents.map((ident) => ({ ident, algorithms: plain })),
  )
  assert.deepEqual(said.map(isRefused), [false, false, true, true, true])
})

test('each dated exception lets in what its name says', async () => {
  const rows: readonly (readonly [keyof typeof EXCEPTIONS, Algorithms])[] = [
    ['ssh-rsa-host-key', { serverHostKey: ['ssh-rsa'] }],
    ['dh-group14-sha1', { kex: ['diffie-hellman-group14-sha1'] }],
    ['aes-cbc', { cipher: ['aes128-cbc'] }],
    ['hmac-sha1', { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] }],
    ['compatible', { kex: ['ecdh-sha2-nistp384'] }],
  ]
  for (const [name, algorithms] of rows) {
    assert.deepEqual(await outcomes(termsWith({ allow: [name] }), only(algorithms)), ['in'], name)
  }
})

test('an exception is for its networks only, and ends with its day', async () => {
  const client = only({ serverHostKey: ['ssh-rsa'] })
  const allow = ['ssh-rsa-host-key'] as const
  const elsewhere = await outcomes(termsWith({ allow, networks: ['192.0.2.0/24', '::1'] }), client)
  assert.deepEqual(elsewhere.map(isRefused), [true])
  const server = await startSftp({ settings: { terms: termsWith({ allow, untilMs: 0 }) } })
  assert.ok(server.clock.now() > 0)
  assert.ok(isRefused(await outcome(server.port, { algorithms: { serverHostKey: ['ssh-rsa'] } })))
  await server.close()
})

test('the audit tells when an exception was needed, and not when it was only there', async () => {
  const terms = termsWith({ allow: ['ssh-rsa-host-key', 'aes-cbc'] })
  const server = await startSftp({ settings: { terms } })
  assert.equal(await outcome(server.port, {}), 'in')
  assert.equal(server.events.length, 0)
  const weak: Algorithms = { serverHostKey: ['ssh-rsa'], cipher: ['aes128-cbc'] }
  assert.equal(await outcome(server.port, { algorithms: weak }), 'in')
  const told = server.events.map((event) => event.type === 'connection.excepted' && event.algorithms)
  assert.deepEqual(told, [['ssh-rsa', 'aes128-cbc']])
  await server.close()
})

test('the audit tells what a client knows that was turned away', async () => {
  const server = await startSftp({ settings: { terms: MODERN } })
  const attempts: readonly (readonly [string, Algorithms])[] = [
    ['key exchange', { kex: ['diffie-hellman-group14-sha1', 'ecdh-sha2-nistp256'] }],
    ['host key', { serverHostKey: ['ssh-rsa', 'ecdsa-sha2-nistp256'] }],
    ['cipher', { cipher: ['aes256-cbc', '3des-cbc'] }],
    ['MAC', { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] }],
  ]
  for (const [, algorithms] of attempts) assert.ok(isRefused(await outcome(server.port, { algorithms })))
  const told = server.events.flatMap((event) => (event.type === 'connection.unmatched' ? [event] : []))
  assert.deepEqual(
    told.map(({ what }) => what),
    attempts.map(([what]) => what),
  )
  assert.deepEqual(told[1]?.offered, ['ssh-rsa', 'ecdsa-sha2-nistp256'])
  assert.match(told[1]?.client ?? '', /^ssh2js/u)
  await server.close()
})

test('the moment of the connection decides', () => {
  const terms = createTerms(termsWith({ allow: ['rsa-2048', 'ssh-rsa-signature'], untilMs: 1000 }))
  const during = terms('127.0.0.1', 1000, 'x')
  assert.equal(during.minRsaBits, 2048)
  assert.ok(during.lists.signature.includes('ssh-rsa'))
  const after = terms('127.0.0.1', 1001, 'x')
  assert.equal(after.minRsaBits, 3072)
  assert.ok(!after.lists.signature.includes('ssh-rsa'))
  assert.equal(createTerms({ ...MODERN, minRsaBits: 4096 })('127.0.0.1', 0, 'x').minRsaBits, 4096)
})

test('the configuration names the profiles and exceptions that the door has', () => {
  assert.deepEqual([...ALGORITHM_PROFILES], Object.keys(PROFILES))
  assert.deepEqual([...ALGORITHM_EXCEPTIONS].sort(), Object.keys(EXCEPTIONS).sort())
})
