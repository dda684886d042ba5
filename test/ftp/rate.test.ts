import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACTIONS } from '../../src/core/identity.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { ftpUser, startFtpServer } from '../helpers/ftp-server.ts'

const RATE = 64 * 1024

test('transfers of a user with a rate keep to it, and ABOR does not wait', async () => {
  const limits = {
    maxSessions: 0,
    quotaBytes: 0,
    quotaFiles: 0,
    bytesPerSecond: { down: RATE, up: RATE },
  }
  const sunset = { plaintextUntil: new Date('2999-01-01'), owner: 'ops', reason: 'test' }
  const clock = createFakeClock()
  const server = await startFtpServer({ clock, people: [ftpUser('slow', ACTIONS, { limits, sunset })] })
  const client = await connectFtp(server)
  await client.login('slow')

  const uploading = client.upload('STOR a', Buffer.alloc(2 * RATE))
  let reply = ''
  void uploading.then((text) => {
    reply = text
  })
  while (reply === '') await clock.advance(50)
  assert.match(reply, /^226/)
  assert.ok(clock.monotonic() >= 1900, `${clock.monotonic()} ms for the upload`)

  const before = clock.monotonic()
  const data = await client.data()
  assert.match(await client.send('RETR a'), /^150/)
  const bytes = data.read()
  let final: string | undefined
  void client.reply().then((text) => {
    final = text ?? ''
  })
  while (final === undefined) await clock.advance(50)
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
