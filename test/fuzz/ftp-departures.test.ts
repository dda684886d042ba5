import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

const BUDGET_MS = 3_000
/** A session that never ends would end the test here. */
const HUNG_MS = 60_000

/** What becomes of a socket of the client. */
const fate = fc.constantFrom('stays', 'ends', 'resets', 'half')
const transfer = fc.record({
  before: fc.subarray(['MODE Z', 'MODE S', 'TYPE A', 'TYPE I', 'REST 5']),
  line: fc.constantFrom('RETR big', 'RETR small', 'STOR new', 'APPE new', 'NLST', 'MLSD'),
  connects: fc.constantFrom('before', 'after', 'never'),
  says: fc.constantFrom(0, 1, 5_000, 200_000),
  reads: fc.boolean(),
  turns: fc.nat(6),
  data: fate,
  aborts: fc.boolean(),
})
const visit = fc.record({
  secure: fc.constantFrom(false, false, true),
  transfers: fc.array(transfer, { minLength: 1, maxLength: 3 }),
  control: fate,
})
type Visit = typeof visit extends fc.Arbitrary<infer T> ? T : never
type Transfer = Visit['transfers'][number]

const JUNK = randomBytes(200_000)

function leave(socket: Socket, how: Transfer['data']): void {
  if (how === 'ends' || (how === 'resets' && 'encrypted' in socket)) socket.destroy()
  else if (how === 'resets') socket.resetAndDestroy()
  if (how === 'half') socket.end()
}

function dataTo(server: FtpTestServer, port: number, { says, reads }: Transfer): Socket {
  const socket = connect({ host: server.host, port, allowHalfOpen: true }).on('error', () => undefined)
  if (says > 0) socket.write(JUNK.subarray(0, says))
  if (reads) socket.resume()
  return socket
}

async function runTransfer(
  server: FtpTestServer,
  client: FtpClient,
  how: Transfer,
): Promise<Socket | undefined> {
  for (const line of how.before) await client.send(line)
  const port = Number(/\|(\d+)\|\)/.exec(await client.send('EPSV'))?.[1])
  let socket = how.connects === 'before' ? dataTo(server, port, how) : undefined
  client.write(`${how.line}\r\n`)
  if (how.connects === 'after') socket = dataTo(server, port, how)
  for (let turn = 0; turn < how.turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  if (socket !== undefined) leave(socket, how.data)
  if (how.aborts) client.write('ABOR\r\n')
  return socket
}

async function visitServer(server: FtpTestServer, { secure, transfers, control }: Visit): Promise<void> {
  const client = await connectFtp(server)
  client.socket.on('error', () => undefined)
  if (secure) await client.secure()
  await client.login(secure ? 'alice' : 'legacy')
  const sockets: (Socket | undefined)[] = []
  for (const one of transfers) {
    sockets.push(await runTransfer(server, client, one))
    // The next transfer is asked for when this one is over, if it ever will be.
    if (one.connects === 'never' || one.data === 'stays' || one.data === 'half') break
    while (!/^[245]/.test((await client.reply()) ?? '4'));
    if (one.aborts) break
  }
  leave(client.socket, control)
  client.destroy()
  await server.connections.at(-1)?.done
  for (const socket of sockets) socket?.destroy()
}

describe('whoever leaves, however and whenever, leaves nothing behind', () => {
  for (const [way, native] of Object.entries({ with: true, without: false }))
    test(`${way} the addon`, { timeout: HUNG_MS }, async () => {
      const server = await startFtpServer({ settings: { modeZ: true, dataConnectMs: 50 }, native })
      for (const [secure, name] of [
        [false, 'legacy'],
        [true, 'alice'],
      ] as const) {
        const client = await connectFtp(server)
        if (secure) await client.secure()
        await client.login(name)
        await client.upload('STOR big', randomBytes(3_000_000))
        await client.upload('STOR small', 'some lines\nof text\n')
        client.destroy()
      }
      await fc.assert(
        fc.asyncProperty(visit, (one) => visitServer(server, one)),
        { interruptAfterTimeLimit: BUDGET_MS, numRuns: 100_000 },
      )
      await Promise.all(server.connections.map(({ done }) => done))
      await server.close()
      assert.deepEqual(server.errors, [])
    })
})
