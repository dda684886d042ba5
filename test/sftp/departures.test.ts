// What a client that goes away leaves running: nothing.
import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { until } from '../helpers/descriptors.ts'
import { createLocalUnderTest } from '../helpers/local-storage.ts'
import { openFile, openRaw } from '../helpers/sftp-raw-client.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'
import { mount } from '../helpers/vfs.ts'

const [WRITE, NEW] = [2, 0x1a]

const gone = (server: TestServer) => Promise.all(server.connections.map(({ done }) => done))

test('a file that is copied for an edit is copied no further', async () => {
  const { storage, root, close } = await createLocalUnderTest()
  const server = await startSftp({ storage, mounts: [mount('/', root)] })
  closeSync(openSync(join(root, 'endless'), 'w'))
  truncateSync(join(root, 'endless'), 2 ** 42)
  const raw = await openRaw(server.port)
  raw.send(3, 7, string('/endless'), uint32(WRITE), uint32(0))
  await until(() => readdirSync(root).length === 2)
  await raw.end()
  await gone(server)
  assert.deepEqual(readdirSync(root), ['endless'])
  await server.close()
  await close()
})

test('what a rate slowed down is not waited for', async () => {
  const server = await startSftp({ limits: { bytesPerSecond: { down: 1000, up: 1000 } } })
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/slow', NEW)
  for (let index = 0; index < 8; index += 1)
    raw.send(6, index, string(handle), uint64(index * 30_000), string(Buffer.alloc(30_000)))
  await until(() => server.session.clock.pending > 0)
  await raw.end()
  await gone(server)
  assert.equal(server.open(), 0)
  assert.equal(server.session.clock.pending, 0)
  await server.close()
})
