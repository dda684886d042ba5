import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ACTIONS, type TlsReuse } from '../../src/core/identity.ts'
import { connectFtp, dataClient, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, ftpUser, startFtpServer } from '../helpers/ftp-server.ts'

type Setup = Readonly<{ listener: TlsReuse; user?: TlsReuse }>

async function setup(t: TestContext, { listener, user }: Setup) {
  const person = ftpUser('bob', ACTIONS, user === undefined ? {} : { tlsReuse: user })
  const server = await startFtpServer({ settings: { tlsReuse: listener }, people: [person] })
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

for (const row of rows) {
  const who = row.user === undefined ? '' : `, user ${row.user}`
  test(`listener ${row.listener}${who}: what is let through, and what the audit says`, async (t) => {
    const { server, client } = await setup(t, row)
    assert.match(await client.upload('STOR a', 'content'), /^226/)
    assert.equal((await client.download('RETR a')).text, 'content')
    assert.match(await uploadUnbound(server, client), row.fresh)
    assert.match(await client.upload('APPE a', 'x'), /^226/)
    assert.deepEqual(classes(server), [row.resumed, row.resumed, row.class, row.resumed])
  })
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
