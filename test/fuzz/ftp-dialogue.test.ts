import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { COMMANDS } from '../../src/ftp/table.ts'
import { connectFtp, dataClient, type FtpClient } from '../helpers/ftp-client.ts'
import { FTP_PASSWORD, startFtpServer } from '../helpers/ftp-server.ts'

const BUDGET_MS = 3_000

const verb = fc.constantFrom(...COMMANDS.keys(), 'XXXX', '')
const argument = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '1',
    'a',
    '/',
    '..',
    '*',
    '-la',
    'I',
    'A',
    'P',
    'ALL',
    '127,0,0,1,200,1',
    'UTF8 ON',
    'CHMOD 644 a',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
/** An AUTH that is granted needs a handshake, which has a test of its own. */
const isHandshake = (name: string, text: string): boolean => name === 'AUTH' && /^(tls|ssl)/i.test(text)
/** What waits for a data connection is aborted or not, as the time falls. */
const PLANS = new Set(['PASV', 'EPSV', 'PORT', 'EPRT'])
/** Answered at once while a transfer runs, and in its turn when none does. */
const OUT_OF_BAND = new Set(['ABOR', 'STAT', 'QUIT'])

const lineWithout = (left: (name: string) => boolean) =>
  fc
    .tuple(verb, argument)
    .filter(([name, text]) => !left(name) && !isHandshake(name, text))
    .map(([name, text]) => `${name} ${text.replace(/[\r\n]/g, '')}\r\n`)
const dialogueWithout = (left: (name: string) => boolean) =>
  fc.array(lineWithout(left), { maxLength: 25 }).map((lines) => Buffer.from(lines.join('')))
const cuts = fc.array(fc.nat(600), { maxLength: 8 })

/** Writes the bytes in pieces, each of them in a turn of its own. */
async function writeCut(client: FtpClient, input: Buffer, where: readonly number[]): Promise<void> {
  let from = 0
  for (const cut of [...where].sort((a, b) => a - b)) {
    const to = Math.max(from, Math.min(cut, input.length))
    client.write(input.subarray(from, to))
    from = to
    await new Promise((resolve) => setImmediate(resolve))
  }
  client.write(input.subarray(from))
}

/** The codes of all replies up to the server's goodbye; any that QUIT gets, for a dialogue may have one itself. */
async function codesToTheEnd(client: FtpClient): Promise<string[]> {
  client.write('\r\nREIN\r\nQUIT\r\n')
  const codes: string[] = []
  for (let reply = await client.reply(); reply !== undefined; reply = await client.reply())
    codes.push(reply.slice(0, 3))
  assert.equal(codes.at(-1), '221', codes.join(' '))
  return codes
}

/** The codes of all replies after the login, on a server of its own. */
async function play(input: Buffer, where: readonly number[], secure = false): Promise<string[]> {
  const server = await startFtpServer({ settings: { dataConnectMs: 1, maxQueuedCommands: 4 } })
  const client = await connectFtp(server)
  if (secure) await client.secure()
  await client.login('legacy')
  await writeCut(client, input, where)
  const codes = await codesToTheEnd(client)
  await server.close()
  assert.deepEqual(server.errors, [])
  return codes
}

/** Takes the data connections that the server opens: gives each a few bytes, and remembers how many it got. */
async function dataSide() {
  const got: number[] = []
  const listening = createServer({ allowHalfOpen: true }, (socket) => {
    const index = got.push(0) - 1
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      got[index] = (got[index] ?? 0) + chunk.length
    })
    socket.end('what the client has to say\r\n')
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as AddressInfo
  return {
    plan: `PORT 127,0,0,1,${port >> 8},${port & 255}\r\n`,
    got,
    close: () => new Promise((resolve) => listening.close(resolve)),
  }
}

const transfer = fc
  .constantFrom('STOR a', 'APPE a', 'STOU', 'RETR a', 'RETR none', 'STOR no/where', 'LIST', 'NLST', 'MLSD')
  .map((line) => ({ line }))
const withTransfers = fc.array(
  fc.oneof(
    transfer,
    lineWithout((name) => PLANS.has(name) || OUT_OF_BAND.has(name) || name === 'REIN'),
  ),
  { maxLength: 15 },
)

/** The codes of all replies and the bytes that each data connection got. */
async function playTransfers(items: readonly (string | { line: string })[], where: readonly number[]) {
  const server = await startFtpServer({ settings: { maxQueuedCommands: 4 } })
  const side = await dataSide()
  const client = await connectFtp(server)
  await client.login('legacy')
  const lines = items.map((item) => (typeof item === 'string' ? item : `${side.plan}${item.line}\r\n`))
  await writeCut(client, Buffer.from(lines.join('')), where)
  const codes = await codesToTheEnd(client)
  await server.close()
  await side.close()
  assert.deepEqual(server.errors, [])
  return { codes, got: side.got }
}

describe('any dialogue', () => {
  for (const secure of [false, true]) {
    test(`any cut gives the same replies, ${secure ? 'in TLS' : 'in clear'}`, async () => {
      const dialogue = dialogueWithout((name) => PLANS.has(name))
      await fc.assert(
        fc.asyncProperty(dialogue, cuts, async (input, where) => {
          assert.deepEqual(await play(input, where, secure), await play(input, [], secure))
        }),
        { interruptAfterTimeLimit: BUDGET_MS, numRuns: 100_000 },
      )
    })
  }

  test('any cut gives the same replies and the same data, with transfers between', async () => {
    await fc.assert(
      fc.asyncProperty(withTransfers, cuts, async (items, where) => {
        assert.deepEqual(await playTransfers(items, where), await playTransfers(items, []))
      }),
      { interruptAfterTimeLimit: BUDGET_MS, numRuns: 100_000 },
    )
  })

  test('an AUTH that is cut anywhere leads into TLS, and what was said before it is forgotten', async () => {
    const server = await startFtpServer()
    const line = Buffer.from('AUTH TLS\r\n')
    for (let cut = 0; cut <= line.length; cut += 1) {
      const client = await connectFtp(server)
      await writeCut(client, line, [cut])
      assert.match((await client.reply()) ?? '', /^234/)
      await client.handshake()
      assert.match(await client.send('PWD'), /^530/)
      await client.login('alice')
      assert.deepEqual((await codesToTheEnd(client)).at(-1), '221')
    }
    await server.close()
    assert.deepEqual(server.errors, [])
  })

  test('nothing breaks the session', async () => {
    await fc.assert(
      fc.asyncProperty(
        dialogueWithout(() => false),
        cuts,
        async (input, where) => void (await play(input, where)),
      ),
      { interruptAfterTimeLimit: BUDGET_MS, numRuns: 100_000 },
    )
  })

  test('garbage before the login ends in replies or a close, never in an error', async () => {
    const server = await startFtpServer()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        const client = await connectFtp(server)
        client.write(bytes)
        client.write(`\r\nUSER legacy\r\nPASS ${FTP_PASSWORD}\r\nQUIT\r\n`)
        // A telnet negotiation without an end swallows the QUIT.
        client.socket.end()
        while ((await client.reply()) !== undefined);
        client.destroy()
      }),
      { interruptAfterTimeLimit: BUDGET_MS, numRuns: 100_000 },
    )
    await Promise.all(server.connections.map((connection) => connection.done))
    await server.close()
    assert.deepEqual(server.errors, [])
  })

  test('garbage on a data connection ends its transfer, never the session', async () => {
    const server = await startFtpServer()
    const client = await connectFtp(server)
    await client.secure()
    await client.login('alice')
    const record = fc
      .uint8Array({ maxLength: 300 })
      .map((body) => Buffer.from([0x16, 3, 1, 0, body.length & 0xff, ...body]))
    const garbage = fc.oneof(fc.uint8Array({ maxLength: 2_000 }), record)
    await fc.assert(
      fc.asyncProperty(
        garbage,
        fc.constantFrom('STOR x', 'APPE x', 'NLST', 'MLSD'),
        async (bytes, command) => {
          const port = Number(/\|(\d+)\|\)/.exec(await client.send('EPSV'))?.[1])
          const socket = connect({ host: server.host, port }).on('error', () => undefined)
          const ended = dataClient(socket).read()
          socket.end(bytes)
          assert.match(await client.send(command), /^150/)
          assert.match((await client.reply()) ?? '', /^42[56]/)
          await ended
          assert.equal(await client.send('NOOP'), '200 OK.')
        },
      ),
      { interruptAfterTimeLimit: BUDGET_MS, numRuns: 100_000 },
    )
    client.destroy()
    await server.close()
    assert.deepEqual(server.errors, [])
  })
})
