import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NATIVE_FUNCTIONS } from '../../src/native/native.ts'
import { native, needsNative } from '../helpers/native.ts'

test('the addon is built and has every function', needsNative, () => {
  assert.ok(native, 'run scripts/prepare.mjs: it builds native/')
  assert.deepEqual(Object.keys(native).sort(), Object.keys(NATIVE_FUNCTIONS).sort())
})

function openFile(t: TestContext, content: string | Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-native-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'file')
  writeFileSync(file, content)
  const fd = openSync(file, 'r')
  t.after(() => closeSync(fd))
  return fd
}

async function connection(t: TestContext): Promise<{ client: Socket; server: Socket; descriptor: number }> {
  const listener = createServer({ pauseOnConnect: true })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const [server] = (await once(listener, 'connection')) as [Socket]
  listener.close()
  for (const socket of [client, server]) {
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
  }
  return { client, server, descriptor: Reflect.get(Reflect.get(server, '_handle'), 'fd') }
}

test('readCached reads what was just written, at a position, and 0 at the end', needsNative, (t) => {
  assert.ok(native)
  const fd = openFile(t, '0123456789')
  const into = Buffer.alloc(8)
  const first = native.readCached(fd, into, 4, 3)
  // A file system that cannot tell says so, and is read in another way.
  if (first === -constants.errno.EOPNOTSUPP)
    return t.skip('the file system of the temporary folder cannot tell')
  assert.equal(first, 4)
  assert.equal(into.toString('latin1', 0, 4), '3456')
  assert.equal(native.readCached(fd, into, 8, 8), 2)
  assert.equal(native.readCached(fd, into, 8, 10), 0)
})

test('readCached writes nowhere but into the buffer it was given', needsNative, () => {
  assert.ok(native)
  const invalid = -constants.errno.EINVAL
  assert.equal(native.readCached(0, Buffer.alloc(4), 5, 0), invalid)
  assert.equal(native.readCached(0, Buffer.alloc(4), -1, 0), invalid)
  // @ts-expect-error: what the types refuse must not reach memory either
  assert.equal(native.readCached(0, 'text', 1, 0), invalid)
  assert.equal(native.readCached(-1, Buffer.alloc(4), 4, 0), -constants.errno.EBADF)
})

test('cachedLength counts what was just written, and never waits for what was not', needsNative, (t) => {
  assert.ok(native)
  const size = 1024 * 1024
  const fd = openFile(t, Buffer.alloc(size))
  const known = native.cachedLength(fd, 0, size)
  if (known === -constants.errno.EOPNOTSUPP)
    return t.skip('the file system of the temporary folder cannot tell')
  assert.equal(known, size)
  assert.equal(native.cachedLength(fd, 5, 10), 10)
  assert.equal(native.cachedLength(fd, 5, 0), 0)
  assert.equal(native.cachedLength(-1, 0, 1), -constants.errno.EBADF)
})

test('line ends are changed only where there is room', needsNative, () => {
  assert.ok(native)
  const invalid = -constants.errno.EINVAL
  const text = Buffer.from('a\nb\r\n')
  const into = Buffer.alloc(2 * text.length)
  assert.equal(native.addReturns(text, into.subarray(1), 0), invalid)
  assert.equal(native.addReturns(text, into, 0), 6)
  assert.equal(into.toString('latin1', 0, 6), 'a\r\nb\r\n')
  assert.equal(native.addReturns(Buffer.from('\n'), into, 0x0d), 1)
  assert.equal(native.dropReturns(Buffer.from('a\r\nb\r')), 4)
  // @ts-expect-error: what the types refuse must not reach memory either
  assert.equal(native.addReturns('text', into, 0), invalid)
  // @ts-expect-error
  assert.equal(native.dropReturns(undefined), invalid)
})

test('sendFile hands over a part of a file, at its place', needsNative, async (t) => {
  assert.ok(native)
  const fd = openFile(t, '0123456789')
  const { client, server, descriptor } = await connection(t)
  assert.equal(native.sendFile(descriptor, fd, 3, 4), 4)
  assert.equal(native.sendFile(descriptor, fd, 8, 100), 2)
  assert.equal(native.sendFile(descriptor, fd, 10, 100), 0)
  server.end()
  const chunks = await client.toArray()
  assert.equal(Buffer.concat(chunks).toString(), '345689')
})

test('sendFile does not wait for a client, and survives one that is gone', needsNative, async (t) => {
  assert.ok(native)
  const fd = openFile(t, Buffer.alloc(1024 * 1024))
  const { client, descriptor } = await connection(t)
  let sent = 0
  while (sent >= 0) sent = native.sendFile(descriptor, fd, 0, 1024 * 1024)
  assert.equal(sent, -constants.errno.EAGAIN)
  client.resetAndDestroy()
  const gone = new Set([-constants.errno.ECONNRESET, -constants.errno.EPIPE])
  while (sent === -constants.errno.EAGAIN) {
    await new Promise((resolve) => setImmediate(resolve))
    sent = native.sendFile(descriptor, fd, 0, 1)
  }
  assert.ok(gone.has(sent))
  // The second time it is EPIPE, and the signal that comes with it must not end the process.
  assert.equal(native.sendFile(descriptor, fd, 0, 1), -constants.errno.EPIPE)
})

test('sendFile refuses what makes no sense', needsNative, (t) => {
  assert.ok(native)
  const fd = openFile(t, 'x')
  assert.equal(native.sendFile(-1, fd, 0, 1), -constants.errno.EBADF)
  assert.equal(native.sendFile(fd, fd, 0, -1), -constants.errno.EINVAL)
})
