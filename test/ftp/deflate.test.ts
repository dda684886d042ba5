import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { deflateSync, inflateSync } from 'node:zlib'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

async function setup(t: TestContext, name = 'legacy', secure = false) {
  const server = await startFtpServer({ settings: { modeZ: true } })
  const client = await connectFtp(server)
  if (secure) await client.secure()
  await client.login(name)
  assert.match(await client.send('MODE Z'), /^200/)
  t.after(async () => {
    client.destroy()
    await server.close()
    assert.deepEqual(server.errors, [])
  })
  return { server, client }
}

async function fetched(client: FtpClient, path: string): Promise<Buffer> {
  const { bytes, reply } = await client.download(`RETR ${path}`)
  assert.match(reply, /^226/)
  return inflateSync(bytes)
}

/** Lines that pack well, and bytes that do not, several pieces of each. */
const CONTENT = Buffer.concat([Buffer.from('the same line\n'.repeat(50_000)), randomBytes(300_000)])

for (const secure of [false, true]) {
  test(`MODE Z goes both ways, ${secure ? 'in TLS' : 'in clear'}`, async (t) => {
    const { client, server } = await setup(t, secure ? 'alice' : 'legacy', secure)
    assert.match(await client.upload('STOR a', deflateSync(CONTENT)), /^226/)
    assert.match(await client.send('SIZE a'), new RegExp(`^213 ${CONTENT.length}$`))
    assert.deepEqual(await fetched(client, 'a'), CONTENT)
    assert.match(await client.upload('STOR empty', deflateSync('')), /^226/)
    assert.equal((await fetched(client, 'empty')).length, 0)
    const listing = await client.download('NLST')
    assert.deepEqual(inflateSync(listing.bytes).toString().split('\r\n').sort(), ['', 'a', 'empty'])
    const sizes = server.events.flatMap((event) => (event.type === 'file.transfer' ? [event.bytes] : []))
    assert.deepEqual(sizes, [CONTENT.length, CONTENT.length, 0, 0])
    await client.send('MODE S')
    assert.deepEqual((await client.download('RETR a')).bytes, CONTENT)
  })
}

test('bytes behind the end of the zlib stream are no part of a file, and no file comes of them', async (t) => {
  const { client, server } = await setup(t)
  assert.match(await client.upload('STOR a', deflateSync('old')), /^226/)
  for (const behind of [Buffer.from('x'), deflateSync('more'), randomBytes(300_000)])
    assert.match(await client.upload('STOR a', Buffer.concat([deflateSync('new'), behind])), /^426/)
  const data = await client.data()
  assert.match(await client.send('STOR a'), /^150/)
  data.socket.write(deflateSync('new'))
  await client.moved(3)
  data.socket.end('later')
  assert.match((await client.reply()) ?? '', /^426/)
  await client.send('DELE a')
  assert.equal((await fetched(client, 'a')).toString(), 'old')
  const outcomes = server.events.flatMap((event) => (event.type === 'file.transfer' ? [event.outcome] : []))
  assert.deepEqual(outcomes, ['complete', 'aborted', 'aborted', 'aborted', 'aborted', 'complete'])
})

test('offsets and lengths are those of the unpacked file, and text is converted before it is packed', async (t) => {
  const { client } = await setup(t)
  assert.match(await client.upload('STOR a', deflateSync('0123456789')), /^226/)
  await client.send('REST 7')
  assert.equal((await fetched(client, 'a')).toString(), '789')
  await client.send('REST 5')
  assert.match(await client.upload('STOR a', deflateSync('abc')), /^226/)
  assert.match(await client.upload('APPE a', deflateSync('d')), /^226/)
  assert.equal((await fetched(client, 'a')).toString(), '01234abcd')
  await client.send('TYPE A')
  assert.match(await client.upload('STOR text', deflateSync('one\r\ntwo\r\n')), /^226/)
  assert.equal((await fetched(client, 'text')).toString(), 'one\r\ntwo\r\n')
  await client.send('TYPE I')
  assert.equal((await fetched(client, 'text')).toString(), 'one\ntwo\n')
})

test('the level that the client chooses counts', async (t) => {
  const { client } = await setup(t)
  const words = Array.from({ length: 20_000 }, (_, n) => `${(n * 7919) % 1000} of ${(n * 31) % 97}`).join(
    '\n',
  )
  assert.match(await client.upload('STOR a', deflateSync(words)), /^226/)
  const size = async (level: number) => {
    await client.send(`OPTS MODE Z LEVEL ${level}`)
    return (await client.download('RETR a')).bytes.length
  }
  assert.ok((await size(9)) < (await size(1)))
})

for (const [what, wire] of [
  ['cut', deflateSync(CONTENT).subarray(0, 100_000)],
  ['no zlib stream', Buffer.from('plain text, though MODE Z was set')],
] as const) {
  test(`an upload that is ${what} is an aborted one`, async (t) => {
    const { client, server } = await setup(t)
    assert.match(await client.upload('STOR a', wire), /^426/)
    const [event] = server.events.filter(({ type }) => type === 'file.transfer')
    assert.ok(event?.type === 'file.transfer' && event.outcome === 'aborted')
    await client.send('MODE S')
    assert.match(await client.upload('STOR a', 'good'), /^226/)
  })
}

for (const native of [true, false])
  for (const [how, cut] of [
    ['ends without a word of TLS', (raw: Socket) => raw.destroy()],
    ['is reset', (raw: Socket) => raw.resetAndDestroy()],
  ] as const)
    test(`an upload in TLS whose connection ${how} is an aborted one, ${native ? 'with' : 'without'} the addon`, async (t) => {
      const server = await startFtpServer({ settings: { modeZ: true }, native })
      t.after(() => server.close())
      const client = await connectFtp(server)
      await client.secure()
      await client.login()
      await client.send('MODE Z')
      const { raw, socket, established } = await client.data()
      assert.match(await client.send('STOR a'), /^150/)
      await established
      socket.write(deflateSync(CONTENT).subarray(0, 100_000))
      await client.moved(50_000)
      cut(raw)
      assert.match((await client.reply()) ?? '', /^426/)
      assert.match(await client.send('NOOP'), /^200/)
      client.destroy()
    })

test('limits count what is unpacked: a bomb ends at the quota', async (t) => {
  const { client, server } = await setup(t, 'small', true)
  const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 })
  assert.ok(bomb.length < 100_000)
  assert.match(await client.upload('STOR a', bomb), /^552/)
  const [event] = server.events.filter(({ type }) => type === 'file.transfer')
  assert.ok(event?.type === 'file.transfer' && event.bytes < 4 * 1024 * 1024, JSON.stringify(event))
})

async function aborted(client: FtpClient, server: FtpTestServer): Promise<void> {
  client.write('ABOR\r\n')
  assert.match((await client.reply()) ?? '', /^426/)
  assert.match((await client.reply()) ?? '', /^226/)
  const last = server.events.findLast(({ type }) => type === 'file.transfer')
  assert.ok(last?.type === 'file.transfer' && last.outcome === 'aborted')
}

test('ABOR ends a packed transfer, whichever way it goes and however slow the client is', async (t) => {
  const { client, server } = await setup(t)
  const big = randomBytes(24 * 1024 * 1024)
  assert.match(await client.upload('STOR a', deflateSync(big, { level: 1 })), /^226/)
  const down = await client.data()
  assert.match(await client.send('RETR a'), /^150/)
  await client.still()
  await aborted(client, server)
  down.socket.destroy()
  const up = await client.data()
  assert.match(await client.send('STOR b'), /^150/)
  up.socket.write(deflateSync(big).subarray(0, 1_000_000))
  await client.moved(500_000)
  await aborted(client, server)
  up.socket.destroy()
})

type Leaving = Readonly<{
  command: string
  data: 'stays' | 'ends' | 'resets'
  when: 'before' | 'after' | 'midway'
}>

const LEAVINGS: readonly Leaving[] = ['NLST', 'RETR a', 'STOR b'].flatMap((command) =>
  (['stays', 'ends', 'resets'] as const).flatMap((data) =>
    (['before', 'after', 'midway'] as const).map((when) => ({ command, data, when })),
  ),
)

async function leave({ server, client }: { server: FtpTestServer; client: FtpClient }, how: Leaving) {
  const { command, data, when } = how
  const { socket } = await client.data()
  const goes = () => {
    if (data === 'ends') socket.destroy()
    if (data === 'resets') socket.resetAndDestroy()
  }
  if (when === 'before') goes()
  client.write(`${command}\r\n`)
  if (when === 'after') goes()
  if (when === 'midway') {
    await client.reply()
    if (command.startsWith('STOR')) socket.write(deflateSync('some').subarray(0, 5))
    else socket.once('data', goes)
  }
  client.write('ABOR\r\n')
  client.destroy()
  socket.destroy()
  await server.connections.at(-1)?.done
}

for (const native of [true, false])
  test(`who leaves in the middle of a packed transfer leaves nothing behind, ${native ? 'with' : 'without'} the addon`, {
    timeout: 60_000,
  }, async (t) => {
    const server = await startFtpServer({ settings: { modeZ: true }, native })
    t.after(() => server.close())
    const first = await connectFtp(server)
    await first.login('legacy')
    await first.upload('STOR a', randomBytes(2_000_000))
    first.destroy()
    for (let round = 0; round < 5; round += 1)
      for (const how of LEAVINGS) {
        const client = await connectFtp(server)
        client.socket.on('error', () => undefined)
        await client.login('legacy')
        assert.match(await client.send('MODE Z'), /^200/)
        await leave({ server, client }, how)
      }
    await Promise.all(server.connections.map(({ done }) => done))
    assert.deepEqual(server.errors, [])
  })
