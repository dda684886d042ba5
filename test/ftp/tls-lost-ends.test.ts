import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { descriptorOf } from '../../src/ftp/sinks.ts'
import { createTlsEngine } from '../../src/ftp/tls.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { FTP_SETTINGS, testCertificate } from '../helpers/ftp-server.ts'
import { native, needsNative } from '../helpers/native.ts'

/** Of a data connection that is for sending; the clock stands still, so no time limit helps. */
async function pair(t: TestContext) {
  const { authority, material } = await testCertificate()
  const clock = createFakeClock()
  const engine = createTlsEngine({
    tls: () => material,
    settings: FTP_SETTINGS,
    clock,
    strictUsers: () => false,
  })
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [raw]: Socket[] = await once(server, 'connection')
  assert.ok(raw)
  raw.on('error', () => undefined)
  const accepting = engine.forControl(undefined).accept(raw, 'sending')
  const received = connectTls({ socket: client, ca: authority, servername: 'localhost' })
  received.on('error', () => undefined)
  const sending = await accepting
  sending.on('error', () => undefined)
  t.after(() => {
    for (const socket of [received, client, sending, raw]) socket.destroy()
    server.close()
  })
  return { client, received, sending, raw }
}

test('who has ended and takes nothing any more is given up', needsNative, async (t) => {
  const { client, sending, raw } = await pair(t)
  // What a reset leaves where its error was told of a write that nobody waits for, as that of the tickets.
  assert.equal(native?.endSending(descriptorOf(raw) ?? -1), 0)
  const ended = once(sending, 'end')
  client.end()
  await ended
  for (let turn = 0; turn < 100 && !sending.destroyed; turn += 1)
    await new Promise((resolve) => setImmediate(resolve))
  assert.equal(sending.destroyed, true)
})

test('who has ended and still reads gets all of it', async (t) => {
  const { client, received, sending } = await pair(t)
  const chunks: Buffer[] = []
  received.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = once(sending, 'end')
  client.end()
  await ended
  sending.end('content')
  await once(received, 'end')
  assert.equal(Buffer.concat(chunks).toString(), 'content')
})
