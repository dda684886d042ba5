import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { FtpSettings } from '../../src/ftp/settings.ts'
import { createFakeClock, settle } from '../helpers/fake-clock.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

async function setup(t: TestContext, settings: Partial<FtpSettings>, native = true) {
  const clock = createFakeClock()
  const server = await startFtpServer({ settings, clock, native })
  t.after(() => server.close())
  return { clock, server }
}

function limits({ events }: FtpTestServer): readonly string[] {
  return events.flatMap((event) => (event.type === 'session.limited' ? [event.limit] : []))
}

test('commands beyond the rate wait, a burst of a second does not', async (t) => {
  const { clock, server } = await setup(t, { commandsPerSecond: 10 })
  const client = await connectFtp(server)
  let replies = 0
  client.socket.on('data', (chunk) => {
    replies += chunk.toString('utf8').split('200 OK.').length - 1
  })
  client.write('NOOP\r\n'.repeat(25))
  // The greeting took one of the ten, and what has begun is answered.
  while (replies < 10) await settle()
  for (let turn = 0; turn < 50; turn += 1) await settle()
  assert.equal(replies, 10)
  while (replies < 25) await clock.advance(100)
  assert.ok(clock.monotonic() >= 1400, `${clock.monotonic()} ms`)
  assert.deepEqual(limits(server), ['ftp.commandsPerSecond'])
  client.destroy()
})

test('commands beyond the rate wait during a transfer too', async (t) => {
  const { clock, server } = await setup(t, { commandsPerSecond: 10 })
  const client = await connectFtp(server)
  await client.login('legacy')
  await clock.advance(10_000)
  const data = await client.data()
  assert.match(await client.send('STOR a'), /^150/)
  let replies = 0
  client.socket.on('data', (chunk: Buffer) => {
    replies += chunk.toString('utf8').split('200 OK.').length - 1
  })
  client.write('NOOP\r\n'.repeat(60))
  for (let n = 0; n < 20; n += 1) await settle()
  const first = replies
  assert.ok(first >= 5 && first <= 15, String(first))
  await clock.advance(2000)
  for (let n = 0; n < 20; n += 1) await settle()
  assert.ok(replies >= first + 15 && replies <= first + 25, String(replies))
  assert.deepEqual(limits(server), ['ftp.commandsPerSecond'])
  data.socket.destroy()
  client.destroy()
})

test('mistakes in a row end the session, a good command between them forgives', async (t) => {
  const { server } = await setup(t, { maxBadCommands: 2 })
  const client = await connectFtp(server)
  assert.match(await client.send('NONSENSE'), /^500/)
  assert.match(await client.send('RETR a'), /^530/)
  assert.match(await client.send('NOOP'), /^200/)
  assert.match(await client.send('PASS x'), /^503/)
  assert.match(await client.send('TYPE'), /^530/)
  assert.match(await client.send('CCC x'), /^501/)
  assert.equal(await client.reply(), '421 Too many mistakes; closing.')
  await client.closed()
  assert.deepEqual(limits(server), ['ftp.maxBadCommands'])
})

test('what the files refuse is no mistake', async (t) => {
  const { server } = await setup(t, { maxBadCommands: 1 })
  const client = await connectFtp(server)
  await client.login('legacy')
  for (let i = 0; i < 5; i += 1) assert.match(await client.send('SIZE nothing'), /^550/)
  client.destroy()
})

test('the audit names the limits on time and on lines, with the user', async (t) => {
  const { clock, server } = await setup(t, { maxLineBytes: 512, idleMs: 5000 })
  const slow = await connectFtp(server)
  await slow.login('legacy')
  await clock.advance(5000)
  assert.match((await slow.reply()) ?? '', /^421/)
  assert.deepEqual(
    server.events.filter((event) => event.type === 'session.limited').map(({ user }) => user),
    ['legacy'],
  )
  const flood = await connectFtp(server)
  flood.write('x'.repeat(512 * 17))
  assert.match((await flood.reply()) ?? '', /^500/)
  assert.match((await flood.reply()) ?? '', /^421/)
  assert.deepEqual(limits(server), ['ftp.idleSeconds', 'ftp.maxLineBytes'])
})

test('the audit names the time for a login and for a handshake', async (t) => {
  const { clock, server } = await setup(t, { loginGraceMs: 20_000, tlsHandshakeMs: 10_000 })
  const half = await connectFtp(server)
  assert.match(await half.send('AUTH TLS'), /^234/)
  await clock.advance(10_000)
  await half.closed()
  await server.connections[0]?.done
  const idle = await connectFtp(server)
  await clock.advance(20_000)
  assert.match((await idle.reply()) ?? '', /^421/)
  assert.deepEqual(limits(server), ['tls.handshakeSeconds', 'login.graceSeconds'])
})

test('the event of a transfer that stalled names the limit', async (t) => {
  const { clock, server } = await setup(t, { stallMs: 10_000 })
  const client = await connectFtp(server)
  await client.login('legacy')
  const data = await client.data()
  assert.match(await client.send('STOR a'), /^150/)
  data.socket.write('x')
  await client.moved(1)
  await clock.advance(10_000)
  assert.match((await client.reply()) ?? '', /^426/)
  const [event] = server.events.filter(({ type }) => type === 'file.transfer')
  assert.ok(event?.type === 'file.transfer')
  assert.deepEqual([event.outcome, event.limit], ['aborted', 'ftp.stallSeconds'])
  client.destroy()
})

for (const [way, native] of Object.entries({ with: true, without: false }))
  test(`so does that of one to which nobody connects, or nobody with TLS, ${way} the addon`, async (t) => {
    const { clock, server } = await setup(t, { dataConnectMs: 7_000, tlsHandshakeMs: 10_000 }, native)
    const client = await connectFtp(server)
    await client.secure()
    await client.login()
    for (const [connects, commandMs] of [
      [false, 7_000],
      [true, 10_000],
    ] as const) {
      const port = Number(/\|(\d+)\|/.exec(await client.send('EPSV'))?.[1])
      const silent = connects ? connect(port, server.host) : undefined
      if (silent !== undefined) await once(silent, 'connect')
      assert.match(await client.send('STOR a'), /^150/)
      await clock.advance(commandMs)
      assert.match((await client.reply()) ?? '', /^425/)
      silent?.destroy()
    }
    assert.deepEqual(
      server.events.flatMap((event) => (event.type === 'file.transfer' ? [event.limit] : [])),
      ['ftp.dataConnectSeconds', 'tls.handshakeSeconds'],
    )
    client.destroy()
  })
