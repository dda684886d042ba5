import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { type ClientPair, makeClientAuthority } from '../../scripts/fixture/client-authority.ts'
import { ACTIONS, type Factor, type User } from '../../src/core/identity.ts'
import type { ClientTrust } from '../../src/ftp/settings.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { FTP_PASSWORD, type FtpServerOptions, ftpUser, startFtpServer } from '../helpers/ftp-server.ts'

const authority = await makeClientAuthority('clients')
const impostor = await makeClientAuthority('clients')
const pairs = {
  valid: await authority.issue('alice'),
  others: await authority.issue('bob'),
  expired: await authority.issue('alice', { endsInDays: -1 }),
  revoked: await authority.issue('alice'),
  forServers: await authority.issue('alice', { usage: 'server' }),
  foreign: await impostor.issue('alice'),
} as const
const TRUST: ClientTrust = {
  required: false,
  authorities: authority.certificate,
  revoked: await authority.revocationList([pairs.revoked]),
}
/** All of them are bound to the user, but for the other's: what refuses is the chain, not the list. */
const bound = Object.entries(pairs).flatMap(([name, { certificate }]) =>
  name === 'others'
    ? []
    : [new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase()],
)

function certUser(name: string, chains: readonly (readonly Factor[])[]): User {
  const user = ftpUser(name, ACTIONS, { chains })
  return { ...user, credentials: { ...user.credentials, certificates: bound } }
}

const PEOPLE = [
  certUser('certonly', [['client-cert']]),
  certUser('certpass', [['client-cert', 'password']]),
  certUser('certcode', [['client-cert', 'totp']]),
]

async function withServer(
  options: FtpServerOptions,
  run: (server: Awaited<ReturnType<typeof startFtpServer>>) => Promise<void>,
) {
  const server = await startFtpServer({ people: PEOPLE, tls: { clients: TRUST }, ...options })
  try {
    await run(server)
    assert.deepEqual(server.errors, [])
  } finally {
    await server.close()
  }
}

async function refused(client: FtpClient, name: string): Promise<void> {
  assert.equal(await client.send(`USER ${name}`), '331 Password required.')
  assert.equal(await client.send(`PASS ${FTP_PASSWORD}`), '530 Login incorrect.')
}

describe('client certificates', () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`a certificate alone: 232 at USER, and data connections resume, ${maxVersion}`, () =>
      withServer({ settings: { tlsReuse: 'require' } }, async (server) => {
        const client = await connectFtp(server, { maxVersion, pair: pairs.valid })
        await client.secure()
        assert.equal(await client.send('USER certonly'), '232 Logged in by certificate; no password needed.')
        assert.equal(await client.send('PASS whatever'), '202 Not needed.')
        await client.send('TYPE I')
        assert.match(await client.upload('STOR a', 'content'), /^226/)
        assert.equal((await client.download('RETR a')).text, 'content')
        client.destroy()
      }))

    test(`a certificate stays with its connection, ${maxVersion}`, () =>
      withServer({ settings: { tls: 'implicit' } }, async (server) => {
        const first = await connectFtp(server, { implicit: true, maxVersion, pair: pairs.valid })
        assert.match(await first.send('USER certonly'), /^232/)
        first.destroy()
        const bare = await connectFtp(server, { implicit: true, maxVersion })
        await refused(bare, 'certonly')
        bare.destroy()
      }))
  }

  test('with a password, and with a code', () =>
    withServer({}, async (server) => {
      const client = await connectFtp(server, { pair: pairs.valid })
      await client.secure()
      assert.match(await client.send('USER certpass'), /^331/)
      assert.match(await client.send('PASS wrong'), /^530/)
      assert.match(await client.send('USER certcode'), /^332/)
      assert.match(await client.send('USER certpass'), /^331/)
      assert.match(await client.send(`PASS ${FTP_PASSWORD}`), /^230/)
      assert.deepEqual(
        server.events.flatMap((event) => (event.type === 'login.granted' ? [event.factors] : [])),
        [['client-cert', 'password']],
      )
      assert.match(await client.send('REIN'), /^220/)
      assert.match(await client.send('USER certonly'), /^232/)
      client.destroy()
    }))

  const worthless: Record<string, ClientPair | undefined> = { ...pairs, valid: undefined }
  for (const [name, pair] of Object.entries(worthless)) {
    test(`proves nothing: ${name === 'valid' ? 'no certificate' : name}`, () =>
      withServer({}, async (server) => {
        const client = await connectFtp(server, pair === undefined ? {} : { pair })
        await client.secure()
        await refused(client, 'certonly')
        await refused(client, 'certpass')
        assert.deepEqual(
          server.events.filter((event) => event.type === 'login.factor-ok'),
          [],
        )
        await client.login('alice').catch(() => undefined)
        client.destroy()
      }))

    test(`where one is required, no handshake: ${name === 'valid' ? 'no certificate' : name}`, () =>
      withServer(
        { settings: { tls: 'implicit' }, tls: { clients: { ...TRUST, required: true } } },
        async (server) => {
          const connected = connectFtp(server, { implicit: true, ...(pair !== undefined && { pair }) })
          if (name !== 'others') return assert.rejects(connected, /no greeting/)
          // Valid, but nobody's here: TLS lets it in, and the login does not.
          const client = await connected
          await refused(client, 'certonly')
          client.destroy()
        },
      ))
  }

  test('where one is required and given, the login and the data connections go on', () =>
    withServer({ tls: { clients: { ...TRUST, required: true } } }, async (server) => {
      const client = await connectFtp(server, { pair: pairs.valid })
      await client.secure()
      await client.login('alice')
      assert.match(await client.upload('STOR a', 'content'), /^226/)
      client.destroy()
    }))

  test('the certificate of a clear connection is none', () =>
    withServer({}, async (server) => {
      const client = await connectFtp(server, { pair: pairs.valid })
      assert.match(await client.send('USER certonly'), /^530 Encryption required/)
      client.destroy()
    }))

  test('a listener that asks for none gets none', () =>
    withServer({ tls: {} }, async (server) => {
      const client = await connectFtp(server, { pair: pairs.valid })
      await client.secure()
      await refused(client, 'certonly')
      client.destroy()
    }))
})

/** What OpenSSL calls what is wrong with each; of the others nothing is. */
const FLAWS: Readonly<Record<string, string>> = {
  expired: 'CERT_HAS_EXPIRED',
  revoked: 'CERT_REVOKED',
  forServers: 'INVALID_PURPOSE',
  foreign: 'CERT_SIGNATURE_FAILURE',
}

describe('why a client certificate counts for nothing is in the log', () => {
  for (const [name, pair] of Object.entries(pairs))
    for (const required of [false, true])
      test(`${name}, ${required ? 'required' : 'requested'}`, () =>
        withServer(
          { settings: { tls: 'implicit' }, tls: { clients: { ...TRUST, required } } },
          async (server) => {
            const connected = connectFtp(server, { implicit: true, pair })
            await connected.then(
              (client) => client.destroy(),
              () => undefined,
            )
            await server.connections[0]?.done
            const said = inspect(server.logged, { depth: 4 })
            const flaw = FLAWS[name]
            if (flaw === undefined) assert.doesNotMatch(said, /count/)
            else assert.match(said, new RegExp(`${flaw}(.|\\n)*counts for nothing|does not count: ${flaw}`))
            assert.ok(flaw === undefined || said.includes('CN=alice'), said)
          },
        ))
})

describe('client certificates by subject', () => {
  const bySubject = (certificates: readonly string[]): User => {
    const user = ftpUser('bysubject', ACTIONS, { chains: [['client-cert']] })
    return { ...user, credentials: { ...user.credentials, certificates } }
  }

  for (const [name, pair] of Object.entries(pairs)) {
    const good = name === 'valid'
    test(`${good ? 'opens' : 'does not open'}: ${name}`, () =>
      withServer({ people: [bySubject(['CN=alice'])] }, async (server) => {
        const client = await connectFtp(server, { pair })
        await client.secure()
        assert.match(await client.send('USER bysubject'), good ? /^232/ : /^331/)
        client.destroy()
        const proven = server.events.find((event) => event.type === 'login.factor-ok')
        const fingerprint = new X509Certificate(pair.certificate).fingerprint256
        const certificate = fingerprint.replaceAll(':', '').toLowerCase()
        if (good)
          assert.partialDeepStrictEqual(proven, { factor: 'client-cert', certificate, subject: 'CN=alice' })
        else assert.equal(proven, undefined)
      }))
  }

  test('a renewed certificate opens as the old one did, and no other subject does', async () => {
    const renewed = await authority.issue('alice')
    await withServer(
      { people: [bySubject(['CN=Alice', 'O=x, CN=alice', 'CN=alice, O=x'])] },
      async (server) => {
        const client = await connectFtp(server, { pair: renewed })
        await client.secure()
        assert.match(await client.send('USER bysubject'), /^331/)
        client.destroy()
      },
    )
    await withServer({ people: [bySubject(['CN=alice'])] }, async (server) => {
      const client = await connectFtp(server, { pair: renewed })
      await client.secure()
      assert.match(await client.send('USER bysubject'), /^232/)
      client.destroy()
    })
  })
})
