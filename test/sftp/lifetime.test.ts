import assert from 'node:assert/strict'
import { connect as dial, type Socket } from 'node:net'
import { test } from 'node:test'
import { FileServerError } from '../../src/core/errors.ts'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import { byte, packet, string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { connect, openFile, openRaw, openSubsystem, statusOf, wrap } from '../helpers/sftp-raw-client.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'
import { listed, upload, withChanges } from '../helpers/vfs.ts'

const NEW = 0x1a

async function allDone(server: TestServer): Promise<void> {
  await Promise.all(server.connections.map((connection) => connection.done))
}

async function accepted(server: TestServer): Promise<void> {
  while (server.connections.length === 0) await new Promise((resolve) => setImmediate(resolve))
}

function dialRaw(server: TestServer): Socket {
  const socket = dial(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  return socket
}

test('a peer that says nothing is cut off after the login grace time', async () => {
  const server = await startSftp()
  const socket = dialRaw(server)
  const gone = new Promise((resolve) => socket.on('close', resolve))
  await accepted(server)
  await server.clock.advance(59_999)
  assert.equal(server.sockets[0]?.destroyed, false)
  await server.clock.advance(1)
  await gone
  await allDone(server)
  assert.equal(server.clock.pending, 0)
  await server.close()
})

test('garbage in place of an identification ends the connection at once', async () => {
  for (const garbage of ['GET / HTTP/1.1\r\n\r\n', 'SSH-9.9-x\r\n', 'x'.repeat(20_000)]) {
    const server = await startSftp()
    const socket = dialRaw(server)
    socket.write(garbage)
    await accepted(server)
    await allDone(server)
    await server.close()
  }
})

test('an idle session is ended, one that works is not', async () => {
  const server = await startSftp({ settings: { keepAliveMs: 2 ** 40, rekeyMs: 0 } })
  const raw = await openRaw(server.port)
  await server.clock.advance(800_000)
  assert.equal(statusOf(await raw.ask(17, string('/none'))), 2)
  await server.clock.advance(800_000)
  assert.equal(statusOf(await raw.ask(17, string('/none'))), 2)
  await server.clock.advance(900_000)
  await allDone(server)
  assert.equal(server.open(), 0)
  await server.close()
})

test('a peer that answers no question whether it is there is given up', async () => {
  const server = await startSftp({ settings: { keepAliveMs: 1000, keepAliveMisses: 2 } })
  const raw = await openRaw(server.port)
  const { _sock: socket } = raw.client as unknown as { _sock: Socket }
  socket.pause()
  for (let index = 0; index < 4; index += 1) await server.clock.advance(1000)
  await allDone(server)
  socket.destroy()
  await server.close()
})

test('a drain waits for an open file, then ends the connection', async () => {
  const server = await startSftp()
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/draining', NEW)
  const [connection] = server.connections
  assert.equal(connection?.busy, true)
  assert.equal(connection?.authenticated, true)
  connection?.close('draining')
  assert.equal(statusOf(await raw.ask(6, string(handle), uint64(0), string('x'))), 0)
  assert.equal(statusOf(await raw.ask(4, string(handle))), 0)
  await connection?.done
  assert.deepEqual(await listed(server.session.files, '/'), ['draining'])
  await server.close()
})

test('a session that the server ends takes its connection along', async () => {
  const server = await startSftp()
  const raw = await openRaw(server.port)
  server.endSessions(new FileServerError('session.draining'))
  await raw.closed
  await allDone(server)
  assert.equal(server.open(), 0)
  await server.close()
})

test('an upload that is cut off is no file, and can be resumed by its owner', async () => {
  const server = await startSftp()
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/cut', NEW)
  assert.equal(statusOf(await raw.ask(6, string(handle), uint64(0), string('half'))), 0)
  raw.client.destroy()
  await allDone(server)
  const again = await openRaw(server.port)
  const stat = await again.ask(17, string('/cut'))
  assert.equal(stat.body.uint32() & 1, 1)
  assert.equal(stat.body.uint64(), 4)
  const resumed = await openFile(again, '/cut', 2)
  assert.equal(statusOf(await again.ask(6, string(resumed), uint64(4), string(' whole'))), 0)
  assert.equal(statusOf(await again.ask(4, string(resumed))), 0)
  await again.end()
  await server.close()
})

test('the client ends its side: requests before it are answered, status 0, everything is given back', async () => {
  const server = await startSftp()
  await upload(server.session.files, '/x', 'x')
  const raw = await openRaw(server.port)
  raw.send(17, 7, string('/x'))
  raw.channel.end()
  assert.equal((await raw.receive()).type, 105)
  assert.equal(await raw.closed, 0)
  await raw.end()
  await allDone(server)
  await server.close()
})

for (const [what, bytes] of [
  ['a packet longer than the limit', Buffer.from([0x00, 0x04, 0x00, 0x01])],
  ['an empty packet', Buffer.from([0, 0, 0, 0])],
  ['a packet without an id', Buffer.from([0, 0, 0, 2, 17, 0])],
  ['a second INIT', packet(1, uint32(3))],
] as const) {
  test(`${what} ends the channel, not the connection`, async () => {
    const server = await startSftp()
    const raw = await openRaw(server.port)
    await openFile(raw, '/open', NEW)
    raw.sendBytes(bytes)
    assert.equal(await raw.closed, 1)
    const next = wrap(raw.client, await openSubsystem(raw.client))
    next.sendBytes(packet(1, uint32(3)))
    assert.equal((await next.receive()).type, 2)
    await raw.end()
    await allDone(server)
    await server.close()
  })
}

test('a request before INIT ends the channel', async () => {
  const server = await startSftp()
  const raw = wrap(await connect(server.port), await openSubsystem(await connect(server.port)))
  raw.sendBytes(packet(17, uint32(1), string('/')))
  assert.equal(await raw.closed, 1)
  await server.close()
})

for (const cipher of [
  'aes128-ctr',
  'aes256-ctr',
  'aes128-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
]) {
  test(`a packet of ${cipher} that comes in many reads is understood the same`, async () => {
    const server = await startSftp()
    const raw = await openRaw(server.port, { algorithms: { cipher: [cipher as 'aes128-ctr'] } })
    const handle = await openFile(raw, '/pieces', NEW)
    const socket: Socket = Reflect.get(raw.client, '_sock')
    const [write, pieces] = [socket.write.bind(socket), [] as Buffer[]]
    socket.write = (bytes: unknown) => pieces.push(Buffer.from(bytes as Buffer)) > 0
    raw.send(6, 1, string(handle), uint64(0), string(Buffer.alloc(20_000, 5)))
    socket.write = write
    const all = Buffer.concat(pieces)
    const [peer] = server.sockets
    assert.ok(peer)
    for (let at = 0; at < all.length; at += 700) {
      const before = peer.bytesRead
      const piece = all.subarray(at, at + 700)
      write(piece)
      // Each piece is a read of its own.
      while (peer.bytesRead < before + piece.length && !peer.destroyed)
        await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(peer.destroyed, false)
    assert.equal(statusOf(await raw.receive()), 0)
    await raw.end()
    await server.close()
  })
}

test('a packet cut at any byte is understood the same', async () => {
  const server = await startSftp()
  const raw = await openRaw(server.port)
  const bytes = Buffer.concat([
    packet(16, uint32(1), string('/a/b')),
    packet(99, uint32(2), byte(1)),
    packet(17, uint32(3), string('/none')),
  ])
  for (let cut = 1; cut < bytes.length; cut += 1) {
    raw.sendBytes(bytes.subarray(0, cut))
    await new Promise((resolve) => setImmediate(resolve))
    raw.sendBytes(bytes.subarray(cut))
    const replies = [await raw.receive(), await raw.receive(), await raw.receive()]
    assert.deepEqual(
      replies.map(({ id, type }) => [id, type]),
      [
        [1, 104],
        [2, 101],
        [3, 101],
      ],
    )
  }
  await raw.end()
  await server.close()
})

test('a disconnect while the storage works leaves nothing open', async () => {
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => (release = resolve))
  const counts = { opened: 0, ended: 0 }
  const wrapFiles = (files: VfsSession): VfsSession =>
    withChanges(files, {
      async openWrite(path, options) {
        const handle = await files.openWrite(path, options)
        counts.opened += 1
        return {
          ...handle,
          write: async (chunk, position) => {
            await gate
            return handle.write(chunk, position)
          },
          abort: async () => {
            counts.ended += 1
            return handle.abort()
          },
        }
      },
    })
  const server = await startSftp({ wrap: wrapFiles })
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/slow', NEW)
  raw.send(6, 1, string(handle), uint64(0), string('x'))
  raw.send(3, 2, string('/later'), uint32(NEW), uint32(0))
  while (server.connections[0]?.busy !== true) await new Promise((resolve) => setImmediate(resolve))
  raw.client.destroy()
  await new Promise((resolve) => server.sockets[0]?.once('close', resolve))
  release()
  await allDone(server)
  assert.equal(counts.ended, counts.opened)
  assert.equal(server.open(), 0)
  await server.close()
})
