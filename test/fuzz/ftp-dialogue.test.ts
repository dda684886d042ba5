import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
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
    'TLS',
    'legacy',
    FTP_PASSWORD,
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
/** In clear, an AUTH that is granted needs a handshake, which has a test of its own. */
const isHandshake = (name: string, text: string): boolean => name === 'AUTH' && /^(tls|ssl)/i.test(text)

const lineWithout = (left: (name: string, text: string) => boolean) =>
  fc
    .tuple(verb, argument)
    .filter(([name, text]) => !left(name, text))
    .map(([name, text]) => `${name} ${text.replace(/[\r\n]/g, '')}\r\n`)
const LOGIN = `REIN\r\nUSER legacy\r\nPASS ${FTP_PASSWORD}\r\n`
const anyLine = (left: (name: string, text: string) => boolean) =>
  fc.oneof({ weight: 20, arbitrary: lineWithout(left) }, { weight: 1, arbitrary: fc.constant(LOGIN) })
const dialogueWithout = (left: (name: string, text: string) => boolean) =>
  fc.array(anyLine(left), { maxLength: 25 }).map((lines) => Buffer.from(lines.join('')))
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

/** Ports, unique names and times are others each time. */
const VARYING = /\|\|\|\d+\||,\d+,\d+\)|\.[0-9a-f]{12}\b|\d{14}|\w{3} [ \d]\d \d\d:\d\d/g
/** Answered at once while a transfer runs, in their turn when none does: their place says nothing, their number does. */
const OUT_OF_BAND = /^(?:200 OK\.$|211-Status:)/

/** All replies up to the server's goodbye, any that QUIT gets: a dialogue may have one itself. */
async function repliesToTheEnd(client: FtpClient, seen?: (reply: string) => void): Promise<string[]> {
  client.write('\r\nREIN\r\nQUIT\r\n')
  const replies: string[] = []
  let aside = 0
  for (let reply = await client.reply(); reply !== undefined; reply = await client.reply()) {
    seen?.(reply)
    if (OUT_OF_BAND.test(reply)) aside += 1
    else replies.push(reply.replace(VARYING, '#'))
  }
  assert.match(replies.at(-1) ?? '', /^221/, replies.join('\n'))
  return [...replies, `${aside} out of band`]
}

/** All replies after the login, on a server of its own; nobody connects to what the dialogue opens. */
async function play(input: Buffer, where: readonly number[], secure = false): Promise<string[]> {
  const server = await startFtpServer({ settings: { dataConnectMs: 1, maxQueuedCommands: 4 } })
  const client = await connectFtp(server)
  if (secure) await client.secure()
  await client.login('legacy')
  await writeCut(client, input, where)
  const replies = await repliesToTheEnd(client)
  await server.close()
  assert.deepEqual(server.errors, [])
  // An ABOR meets a transfer before it begins, while it waits, or when it has waited in vain.
  return replies
    .filter((reply) => !reply.startsWith('150'))
    .map((reply) => reply.replace(/^42[56] .*/, '42x'))
}

/** Takes the data connections that the server opens, makes those it asks for: gives each a few bytes, counts what it gets. */
async function dataSide(host: string) {
  const got = { taken: [] as number[], made: [] as number[] }
  const talk = (socket: Socket, how: keyof typeof got) => {
    const counts = got[how]
    const index = counts.push(0) - 1
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      counts[index] = (counts[index] ?? 0) + chunk.length
    })
    socket.end('what the client has to say\r\n')
    return new Promise((resolve) => socket.once('close', resolve))
  }
  const over: Promise<unknown>[] = []
  const listening = createServer({ allowHalfOpen: true }, (socket) => void over.push(talk(socket, 'taken')))
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as AddressInfo
  return {
    plans: ['EPSV', 'PASV', `PORT 127,0,0,1,${port >> 8},${port & 255}`, `EPRT |1|127.0.0.1|${port}|`],
    got,
    /** Connects when the reply names a port. */
    heard(reply: string) {
      const [, extended, high, low] = /^229 .*\|(\d+)\|\)|^227 .*,(\d+),(\d+)\)/.exec(reply) ?? []
      const passive = extended === undefined ? Number(high) * 256 + Number(low) : Number(extended)
      if (!Number.isNaN(passive))
        over.push(talk(connect({ host, port: passive, allowHalfOpen: true }), 'made'))
    },
    async close() {
      await Promise.all(over)
      await new Promise((resolve) => listening.close(resolve))
    },
  }
}

const transfer = fc.record({
  plan: fc.nat(3),
  line: fc.constantFrom(
    'STOR a',
    'APPE a',
    'STOU',
    'RETR a',
    'RETR none',
    'STOR no/where',
    'LIST',
    'NLST',
    'MLSD',
  ),
})
/** An ABOR ends what runs when it comes: what it meets depends on the cut. */
const withTransfers = fc.array(
  fc.oneof(
    transfer,
    anyLine((name, text) => name === 'ABOR' || isHandshake(name, text)),
  ),
  { maxLength: 15 },
)

type Item = string | Readonly<{ plan: number; line: string }>

/** All replies, and the bytes that each data connection got. */
async function playTransfers(items: readonly Item[], where: readonly number[]) {
  const server = await startFtpServer({ settings: { maxQueuedCommands: 4 } })
  const side = await dataSide(server.host)
  const client = await connectFtp(server)
  await client.login('legacy')
  const lines = items.map((item) =>
    typeof item === 'string' ? item : `${side.plans[item.plan]}\r\n${item.line}\r\n`,
  )
  await writeCut(client, Buffer.from(lines.join('')), where)
  const replies = await repliesToTheEnd(client, side.heard)
  await server.close()
  await side.close()
  assert.deepEqual(server.errors, [])
  return { replies, got: side.got }
}

describe('any dialogue', () => {
  for (const secure of [false, true]) {
    test(`any cut gives the same replies, ${secure ? 'in TLS' : 'in clear'}`, async () => {
      const dialogue = dialogueWithout((name, text) => !secure && isHandshake(name, text))
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
      assert.deepEqual((await repliesToTheEnd(client)).at(-2), '221 Goodbye.')
    }
    await server.close()
    assert.deepEqual(server.errors, [])
  })

  test('nothing breaks the session', async () => {
    await fc.assert(
      fc.asyncProperty(
        dialogueWithout(isHandshake),
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
