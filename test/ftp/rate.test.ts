import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACTIONS } from '../../src/core/identity.ts'
import type { FtpSettings } from '../../src/ftp/settings.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { ftpUser, startFtpServer } from '../helpers/ftp-server.ts'

const MIB = 1024 * 1024
const RATE = 64 * 1024
/** So slow that what is written in one go takes longer than a stall may. */
const STALL_RATE = 16 * 1024

/** A session of a user with this rate, both ways, in clear. */
async function slowSession(rate: number, settings: Partial<FtpSettings> = {}) {
  const limits = { maxSessions: 0, quotaBytes: 0, quotaFiles: 0, bytesPerSecond: { down: rate, up: rate } }
  const sunset = { plaintextUntil: new Date('2999-01-01'), owner: 'ops', reason: 'test' }
  const clock = createFakeClock()
  const people = [ftpUser('slow', ACTIONS, { limits, sunset })]
  const server = await startFtpServer({ clock, people, settings })
  const client = await connectFtp(server)
  await client.login('slow')
  /** Lets time go by until it is settled. */
  const until = async (reply: Promise<string | undefined>): Promise<string> => {
    let text: string | undefined
    void reply.then((given) => {
      text = given ?? ''
    })
    while (text === undefined) await clock.advance(50)
    return text
  }
  return { clock, server, client, until }
}

test('transfers of a user with a rate keep to it, and ABOR does not wait', async () => {
  const { clock, server, client, until } = await slowSession(RATE)

  assert.match(await until(client.upload('STOR a', Buffer.alloc(2 * RATE))), /^226/)
  assert.ok(clock.monotonic() >= 1900, `${clock.monotonic()} ms for the upload`)

  const before = clock.monotonic()
  const data = await client.data()
  assert.match(await client.send('RETR a'), /^150/)
  const bytes = data.read()
  assert.match(await until(client.reply()), /^226/)
  assert.equal((await bytes).length, 2 * RATE)
  assert.ok(clock.monotonic() - before >= 1500, `${clock.monotonic() - before} ms for the download`)

  await client.data()
  assert.match(await client.send('RETR a'), /^150/)
  client.write('ABOR\r\n')
  assert.match((await client.reply()) ?? '', /^426/)
  assert.match((await client.reply()) ?? '', /^226/)
  client.destroy()
  await server.close()
  assert.deepEqual(server.errors, [])
})

test('what a rate slows down is not stalled, however long one write of it takes', async () => {
  const size = 20 * STALL_RATE
  const { clock, server, client, until } = await slowSession(STALL_RATE, { stallMs: 2_000 })
  assert.match(await until(client.upload('STOR a', Buffer.alloc(size))), /^226/)
  const uploaded = clock.monotonic()
  assert.ok(uploaded >= 19_000, `${uploaded} ms for the upload`)
  const data = await client.data()
  assert.match(await client.send('RETR a'), /^150/)
  const bytes = data.read()
  assert.match(await until(client.reply()), /^226/)
  assert.equal((await bytes).length, size)
  assert.ok(clock.monotonic() - uploaded >= 19_000, `${clock.monotonic() - uploaded} ms for the download`)
  client.destroy()
  await server.close()
})

for (const verb of ['STOR', 'RETR']) {
  test(`${verb}: a client that does nothing is stalled, with a rate too`, async () => {
    const { clock, server, client, until } = await slowSession(64 * MIB, { stallMs: 2_000 })
    await until(client.upload('STOR big', Buffer.alloc(16 * MIB)))
    const data = await client.data()
    data.socket.pause()
    const before = clock.monotonic()
    assert.match(await client.send(`${verb} big`), /^150/)
    assert.match(await until(client.reply()), /^426/)
    assert.ok(clock.monotonic() - before >= 2_000)
    const ended = server.events.findLast(({ type }) => type === 'file.transfer')
    assert.ok(ended !== undefined && 'limit' in ended)
    assert.equal(ended.limit, 'ftp.stallSeconds')
    client.destroy()
    await server.close()
  })
}
