import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { StorageDriver } from '../../src/core/vfs/storage.ts'
import { descriptorOf } from '../../src/ftp/sinks.ts'
import { createMemoryDriver } from '../../src/storage/memory.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

/** Memory storage that tells when the content of a file is asked for, and the end of a folder. */
function watchedStorage(asked: () => void) {
  const memory = createMemoryDriver({ clock: createFakeClock(), partialRetentionMs: 1000 })
  const openRead: StorageDriver['openRead'] = async (key, owner) => {
    const file = await memory.openRead(key, owner)
    return {
      size: file.size,
      stat: () => file.stat(),
      read: (into, position) => {
        asked()
        return file.read(into, position)
      },
      close: () => file.close(),
    }
  }
  const list: StorageDriver['list'] = async function* (...given) {
    yield* memory.list(...given)
    asked()
  }
  return { open: async () => ({ ...memory, openRead, list }) }
}

for (const native of [true, false]) {
  describe(`the 150 of what is over in one turn, ${native ? 'with' : 'without'} the addon`, () => {
    let server: FtpTestServer
    let client: FtpClient
    let arrived: string[] = []

    /** What the client's system has by now; clients like aria2 and snarf look for replies in one read and forget the rest. */
    function look(): void {
      const descriptor = descriptorOf(client.socket)
      assert.notEqual(descriptor, undefined)
      const into = Buffer.alloc(4096)
      try {
        arrived.push(into.toString('latin1', 0, readSync(descriptor ?? -1, into)))
      } catch {
        arrived.push('nothing')
      }
    }

    before(async () => {
      server = await startFtpServer({ native, storage: watchedStorage(look) })
      client = await connectFtp(server)
      await client.login('legacy')
      assert.match(await client.upload('STOR small', 'content'), /^226/)
    })
    after(async () => {
      client.destroy()
      await server.close()
      assert.deepEqual(server.errors, [])
    })

    for (const line of ['RETR small', 'LIST', 'NLST', 'MLSD']) {
      test(`${line} sends it before anything else`, async () => {
        arrived = []
        const data = await client.data()
        await once(data.socket, 'connect')
        await client.send('NOOP')
        client.write(`${line}\r\n`)
        assert.notEqual((await data.read()).length, 0)
        assert.match(arrived[0] ?? '', /^150 [^\n]*\r\n$/)
        assert.match((await client.reply()) ?? '', /^226/)
      })
    }
  })
}
