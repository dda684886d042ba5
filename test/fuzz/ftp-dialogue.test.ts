import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { COMMANDS } from '../../src/ftp/table.ts'
import { connectFtp, dataClient } from '../helpers/ftp-client.ts'
import { FTP_PASSWORD, startFtpServer } from '../helpers/ftp-server.ts'

const BUDGET_MS = 4_000

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
/** AUTH would need a handshake; REIN and QUIT would end the dialogue; STAT and HELP have many lines. */
const OUT = new Set(['AUTH', 'QUIT', 'REIN', 'STAT', 'HELP'])
/** What waits for a data connection is aborted or not, as the time falls. */
const PLANS = new Set(['PASV', 'EPSV', 'PORT', 'EPRT'])

const dialogueWithout = (left: (name: string) => boolean) =>
  fc
    .array(
      fc
        .tuple(verb, argument)
        .filter(([name]) => !left(name))
        .map(([name, text]) => `${name} ${text.replace(/[\r\n]/g, '')}\r\n`),
      { maxLength: 25 },
    )
    .map((lines) => Buffer.from(lines.join('')))
const cuts = fc.array(fc.nat(600), { maxLength: 8 })

/** The codes of all replies after the login, on a server of its own. */
async function play(input: Buffer, where: readonly number[]): Promise<string[]> {
  const server = await startFtpServer({ settings: { dataConnectMs: 1, maxQueuedCommands: 4 } })
  const client = await connectFtp(server)
  await client.login('legacy')
  let from = 0
  for (const cut of [...where].sort((a, b) => a - b)) {
    const to = Math.max(from, Math.min(cut, input.length))
    client.write(input.subarray(from, to))
    from = to
    await new Promise((resolve) => setImmediate(resolve))
  }
  client.write(input.subarray(from))
  client.write('\r\nREIN\r\nQUIT\r\n')
  const codes: string[] = []
  for (let reply = await client.reply(); reply !== undefined; reply = await client.reply())
    codes.push(reply.slice(0, 3))
  await server.close()
  assert.deepEqual(server.errors, [])
  assert.equal(codes.at(-1), '221', codes.join(' '))
  return codes
}

describe('any dialogue', () => {
  test('any cut gives the same replies', async () => {
    const dialogue = dialogueWithout((name) => OUT.has(name) || PLANS.has(name))
    await fc.assert(
      fc.asyncProperty(dialogue, cuts, async (input, where) => {
        assert.deepEqual(await play(input, where), await play(input, []))
      }),
      { interruptAfterTimeLimit: BUDGET_MS, numRuns: 100_000 },
    )
  })

  test('nothing breaks the session', async () => {
    await fc.assert(
      fc.asyncProperty(
        dialogueWithout((name) => OUT.has(name)),
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
