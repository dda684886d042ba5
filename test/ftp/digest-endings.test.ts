import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { ReadHandle, StorageDriver } from '../../src/core/vfs/storage.ts'
import { createMemoryDriver } from '../../src/storage/memory.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

const ENDLESS_BYTES = 2 ** 50

/** Memory storage whose files never come to their end. */
function endlessStorage(clock: ReturnType<typeof createFakeClock>) {
  const closing = Promise.withResolvers<void>()
  const memory = createMemoryDriver({ clock, partialRetentionMs: 1000 })
  const openRead: StorageDriver['openRead'] = async (key, owner) => {
    const file: ReadHandle = await memory.openRead(key, owner)
    return {
      size: ENDLESS_BYTES,
      stat: async () => ({ ...(await file.stat()), size: ENDLESS_BYTES }),
      read: (into) => into.length,
      close: async () => {
        await file.close()
        closing.resolve()
      },
    }
  }
  return { provider: { open: async () => ({ ...memory, openRead }) }, closed: closing.promise }
}

describe('a digest of a file without end', () => {
  let server: FtpTestServer
  let client: FtpClient
  let closed: Promise<void>
  beforeEach(async () => {
    const clock = createFakeClock()
    const storage = endlessStorage(clock)
    closed = storage.closed
    server = await startFtpServer({ clock, storage: storage.provider })
    client = await connectFtp(server)
    await client.login('legacy')
    assert.match(await client.upload('STOR a', 'x'), /^226/)
    client.write('XMD5 a\r\n')
    await client.moved(1)
  })
  afterEach(async () => {
    client.destroy()
    await server.close()
    assert.deepEqual(server.errors, [])
  })

  test('ends with ABOR', async () => {
    assert.match(await client.send('ABOR'), /^426/)
    assert.match((await client.reply()) ?? '', /^226/)
    await closed
    assert.match(await client.send('NOOP'), /^200/)
  })

  test('ends with the session', async () => {
    for (const { principal } of server.sessions.list()) server.sessions.kick(principal.user)
    assert.match((await client.reply()) ?? '', /^426/)
    assert.match((await client.reply()) ?? '', /^421/)
    await closed
    await client.closed()
  })

  test('ends with the control connection', async () => {
    client.destroy()
    await closed
    await server.connections[0]?.done
    assert.equal(server.sessions.count, 0)
  })

  test('does not keep others from being served', async () => {
    const other = await connectFtp(server)
    await other.login('legacy')
    assert.match(await other.send('NOOP'), /^200/)
    other.destroy()
  })
})

describe('a digest that is not told', () => {
  for (const [content, command, reply] of [
    ['', 'XMD5 file\r\nABOR', /^426/],
    ['content', 'XMD5 file\r\nABOR', /^426/],
    ['content', 'HASH file\r\nABOR', /^426/],
    ['', 'XCRC "file" 1', /^554/],
  ] as const)
    test(`is no complete transfer for the audit: ${JSON.stringify(command)}, of '${content}'`, async (t) => {
      const server = await startFtpServer()
      t.after(() => server.close())
      const client = await connectFtp(server)
      await client.login('legacy')
      assert.match(await client.upload('STOR file', content), /^226/)
      client.write(`${command}\r\n`)
      assert.match((await client.reply()) ?? '', reply)
      client.destroy()
      await server.connections.at(-1)?.done
      const downs = server.events.filter(
        (event) => event.type === 'file.transfer' && event.direction === 'down',
      )
      assert.deepEqual(
        downs.map((event) => event.type === 'file.transfer' && event.outcome),
        ['aborted'],
      )
    })
})
