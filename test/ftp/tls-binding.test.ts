import assert from 'node:assert/strict'
import { constants } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { ACTIONS, type TlsReuse } from '../../src/core/identity.ts'
import { connectFtp, dataClient, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, ftpUser, startFtpServer } from '../helpers/ftp-server.ts'

type Setup = Readonly<{ listener: TlsReuse; user?: TlsReuse }>

async function setup(t: TestContext, { listener, user }: Setup, native = true) {
  const person = ftpUser('bob', ACTIONS, user === undefined ? {} : { tlsReuse: user })
  const server = await startFtpServer({ settings: { tlsReuse: listener }, people: [person], native })
  const client = await connectFtp(server)
  await client.secure()
  await client.login('bob')
  t.after(async () => {
    client.destroy()
    await server.close()
    assert.deepEqual(server.errors, [])
  })
  return { server, client }
}

/** An upload over a data connection with a TLS session of its own. */
async function uploadUnbound(server: FtpTestServer, client: FtpClient): Promise<string> {
  const port = Number(/\|(\d+)\|\)/.exec(await client.send('EPSV'))?.[1])
  const raw = connectTcp({ host: server.host, port })
  const secure = connectTls({ socket: raw, ca: server.authority, servername: 'localhost' })
  secure.on('error', () => undefined)
  const data = dataClient(secure)
  assert.match(await client.send('STOR fresh'), /^150/)
  await new Promise((resolve) => secure.once('secureConnect', resolve).once('close', resolve))
  secure.end('x')
  secure.resume()
  await data.read()
  return (await client.reply()) ?? ''
}

function classes(server: FtpTestServer): readonly (string | undefined)[] {
  return server.events.flatMap((event) => (event.type === 'file.transfer' ? [event.tlsSession] : []))
}

const rows: readonly (Setup & { resumed: string | undefined; fresh: RegExp; class: string | undefined })[] = [
  { listener: 'off', resumed: undefined, fresh: /^226/, class: undefined },
  { listener: 'prefer', resumed: 'resumable', fresh: /^226/, class: 'none' },
  { listener: 'require', resumed: 'bound', fresh: /^425/, class: 'none' },
  { listener: 'prefer', user: 'require', resumed: 'bound', fresh: /^425/, class: 'none' },
  { listener: 'require', user: 'prefer', resumed: 'bound', fresh: /^226/, class: 'none' },
  { listener: 'require', user: 'off', resumed: undefined, fresh: /^226/, class: undefined },
]

for (const [row, native] of rows.flatMap((row) => [[row, true] as const, [row, false] as const])) {
  const who = row.user === undefined ? '' : `, user ${row.user}`
  const where = native ? '' : ", on Node's sockets"
  test(`listener ${row.listener}${who}: what is let through, and what the audit says${where}`, async (t) => {
    const { server, client } = await setup(t, row, native)
    assert.match(await client.upload('STOR a', 'content'), /^226/)
    assert.equal((await client.download('RETR a')).text, 'content')
    assert.match(await uploadUnbound(server, client), row.fresh)
    assert.match(await client.upload('APPE a', 'x'), /^226/)
    // Node makes a session of its own for who is let in without one, and then nobody knows which is resumed.
    const later = !native && row.resumed === 'bound' && row.class === 'none' && row.user === 'prefer'
    const last = later ? 'resumable' : row.resumed
    assert.deepEqual(classes(server), [row.resumed, row.resumed, row.class, last])
  })
}

const kinds = {
  'a ticket of TLS 1.3': {},
  'a ticket of TLS 1.2': { maxVersion: 'TLSv1.2' },
  'a session id': { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET },
} as const

type Attempt = Readonly<{ verb: string; options: ConnectionOptions }>
type Outcome = Readonly<{ reply: string; resumed: boolean; session: Buffer | undefined }>

/** A data connection by somebody who knows no more of the session than where it listens. */
async function intrude(server: FtpTestServer, client: FtpClient, attempt: Attempt): Promise<Outcome> {
  const port = Number(/\|(\d+)\|\)/.exec(await client.send('EPSV'))?.[1])
  const raw = connectTcp({ host: server.host, port })
  const secure = connectTls({
    socket: raw,
    ca: server.authority,
    servername: 'localhost',
    ...attempt.options,
  })
  let session: Buffer | undefined
  let resumed = false
  secure.on('error', () => undefined)
  secure.on('session', (ticket: Buffer) => {
    session = ticket
  })
  secure.once('secureConnect', () => {
    resumed = secure.isSessionReused()
    session ??= secure.getSession()
    secure.end('x')
  })
  secure.resume()
  const closed = new Promise((resolve) => secure.once('close', resolve))
  assert.match(await client.send(attempt.verb), /^150/)
  const reply = (await client.reply()) ?? ''
  secure.end()
  await closed
  return { reply, resumed, session }
}

for (const native of [true, false]) {
  const where = native ? '' : ", on Node's sockets"
  for (const [kind, options] of Object.entries(kinds)) {
    test(`who was refused has nothing to come back with: ${kind}${where}`, async (t) => {
      const { server, client } = await setup(t, { listener: 'require' }, native)
      assert.match(await client.upload('STOR a', 'content'), /^226/)
      for (const verb of ['STOR b', 'RETR a', 'NLST']) {
        const first = await intrude(server, client, { verb, options })
        assert.match(first.reply, /^425/)
        const { session } = first
        const again = { ...options, ...(session !== undefined && { session }) }
        const second = await intrude(server, client, { verb, options: again })
        assert.match(second.reply, /^425/, verb)
        assert.equal(second.resumed, false, verb)
      }
      assert.equal((await client.download('RETR a')).text, 'content')
    })

    test(`the session of another control connection binds nothing: ${kind}${where}`, async (t) => {
      const { server, client } = await setup(t, { listener: 'require' }, native)
      const stolen = await sessionOf(server, options)
      const { reply, resumed } = await intrude(server, client, {
        verb: 'STOR a',
        options: { ...options, session: stolen },
      })
      assert.match(reply, /^425/)
      assert.equal(resumed, false)
      assert.deepEqual(classes(server), ['none'])
    })
  }

  test(`who is let in without being bound is not bound the next time${where}`, async (t) => {
    const { server, client } = await setup(t, { listener: 'require', user: 'prefer' }, native)
    const first = await intrude(server, client, { verb: 'STOR a', options: {} })
    assert.match(first.reply, /^226/)
    const options = first.session === undefined ? {} : { session: first.session }
    assert.match((await intrude(server, client, { verb: 'STOR b', options })).reply, /^226/)
    assert.ok(!classes(server).includes('bound'))
  })
}

/** Of a control connection that this client has had. */
async function sessionOf(server: FtpTestServer, options: ConnectionOptions): Promise<Buffer> {
  const raw = connectTcp({ host: server.host, port: server.port })
  const lines = (text: string) =>
    new Promise<void>((resolve) => {
      const look = (bytes: Buffer) => {
        if (!bytes.includes(text)) return
        raw.off('data', look)
        resolve()
      }
      raw.on('data', look)
    })
  await lines('220')
  const ready = lines('234')
  raw.write('AUTH TLS\r\n')
  await ready
  const secure = connectTls({ socket: raw, ca: server.authority, servername: 'localhost', ...options })
  let session: Buffer | undefined
  secure.on('session', (ticket: Buffer) => {
    session = ticket
  })
  secure.write('NOOP\r\n')
  await new Promise((resolve) => secure.once('data', resolve))
  session ??= secure.getSession()
  secure.destroy()
  assert.ok(session)
  return session
}

test('in clear nothing is said about TLS sessions', async (t) => {
  const server = await startFtpServer({ settings: { tlsReuse: 'require' } })
  const client = await connectFtp(server)
  t.after(async () => {
    client.destroy()
    await server.close()
  })
  await client.login('legacy')
  assert.match(await client.upload('STOR a', 'content'), /^226/)
  assert.deepEqual(classes(server), [undefined])
})

test('a session on the keys of all is refused when its user must be bound since', async (t) => {
  const server = await startFtpServer({ settings: { tlsReuse: 'prefer' } })
  const client = await connectFtp(server)
  t.after(async () => {
    client.destroy()
    await server.close()
  })
  await client.secure()
  server.users.put(ftpUser('alice', ACTIONS, { tlsReuse: 'require' }))
  await client.login('alice')
  assert.match(await client.upload('STOR a', 'content'), /^425/)
  assert.deepEqual(classes(server), ['resumable'])
})
