import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { Client } from 'ssh2'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import { packet, string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { createInputPools, createInputRoom } from '../../src/sftp/input-queue.ts'
import {
  FIRST_WINDOW,
  MAX_BYTES_IN_KEX,
  MAX_DATA,
  MAX_HELD_PACKETS,
  REPLIES_HELD,
  SOCKET_STOP_READING,
} from '../../src/sftp/limits.ts'
import { inputLimit, SocketGuard } from '../../src/sftp/socket-guard.ts'
import type { Transport } from '../../src/sftp/ssh-internals.ts'
import { openFile, openRaw, openSubsystem, type RawClient, wrap } from '../helpers/sftp-raw-client.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'
import { withChanges } from '../helpers/vfs.ts'

const MIB = 1024 * 1024
const NEW = 0x1a

/** What the ssh2 client hides: its socket, its protocol and its channel's window. */
type Inside = {
  _sock: Socket
  _protocol: {
    channelWindowAdjust(id: number, bytes: number): void
    ping(): void
    _kexinit: unknown
    rekey(): void
  }
}
const inside = (client: Client): Inside => client as unknown as Inside
const outgoing = (raw: RawClient) => raw.channel.outgoing as { id: number; window: number }

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Waits until `value` has not changed for a while of turns. */
async function steady(value: () => number): Promise<number> {
  let last = value()
  for (let same = 0; same < 200; same += 1) {
    await turn()
    if (value() === last) continue
    last = value()
    same = 0
  }
  return last
}

function zeros(files: VfsSession, counts: { read: number }): VfsSession {
  return withChanges(files, {
    async openRead(path) {
      const handle = await files.openRead(path)
      return {
        ...handle,
        read(into) {
          counts.read += into.length
          return into.length
        },
      }
    },
  })
}

/** Files that give a few bytes whatever is asked for, and then their end. */
function shortReads(files: VfsSession, size: number): VfsSession {
  return withChanges(files, {
    async openRead(path) {
      const handle = await files.openRead(path)
      return { ...handle, read: (_into, position) => Math.max(0, size - position) }
    },
  })
}

/** Storage that takes a write and never finishes it. */
function stuck(files: VfsSession): VfsSession {
  return withChanges(files, {
    async openWrite(path, options) {
      const handle = await files.openWrite(path, options)
      const never = () => new Promise<void>(() => {})
      return { ...handle, write: never, writev: never }
    },
  })
}

async function upload(server: TestServer, path: string): Promise<void> {
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, path, NEW)
  await raw.ask(6, string(handle), uint64(0), string('x'))
  await raw.ask(4, string(handle))
  await raw.end()
}

test('a flood of READs whose answers nobody takes is held by the socket queue, not by memory', async () => {
  const counts = { read: 0 }
  const server = await startSftp({ wrap: (files) => zeros(files, counts) })
  await upload(server, '/zeros')
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/zeros', 1)
  const request = (id: number) => packet(5, uint32(id), string(handle), uint64(0), uint32(MAX_DATA))
  const { _sock: socket, _protocol: protocol } = inside(raw.client)
  socket.pause()
  protocol.channelWindowAdjust(outgoing(raw).id, 2 ** 31)
  raw.sendBytes(Buffer.concat(Array.from({ length: 4000 }, (_, id) => request(id))))
  const answered = await steady(() => counts.read)
  const [own] = server.sockets.slice(-1)
  assert.ok(own !== undefined && own.writableLength <= REPLIES_HELD + 2 * MAX_DATA, `${own?.writableLength}`)
  // What the kernel's buffers on both sides take comes on top; all of it together would be a gigabyte.
  assert.ok(answered < 32 * MIB, `${answered} bytes were read`)
  socket.destroy()
  await server.close()
})

test('a flood of WRITEs against a disk that is stuck stops at the window', async () => {
  const server = await startSftp({ wrap: stuck })
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/slow', NEW)
  const bytes = packet(6, uint32(1), string(handle), uint64(0), string(Buffer.alloc(32_768)))
  for (let index = 0; index < 640; index += 1) raw.sendBytes(bytes)
  const [own] = server.sockets
  const taken = await steady(() => own?.bytesRead ?? 0)
  assert.ok(taken < FIRST_WINDOW * 1.1, `${taken} bytes were taken`)
  assert.ok(taken > FIRST_WINDOW * 0.9, `${taken} bytes were taken`)
  inside(raw.client)._sock.destroy()
  // The handle's write never ends, so the connection is never done: its sockets are, and that is what counts here.
  await new Promise((resolve) => (own?.destroyed ? resolve(undefined) : own?.once('close', resolve)))
})

for (const size of [200, 9000]) {
  test(`a flood of READs for 255 KiB that give ${size} bytes holds no buffers of 255 KiB`, async () => {
    const server = await startSftp({ wrap: (files) => shortReads(files, size) })
    await upload(server, '/short')
    const raw = await openRaw(server.port)
    const handle = await openFile(raw, '/short', 1)
    const { _sock: socket, _protocol: protocol } = inside(raw.client)
    socket.pause()
    protocol.channelWindowAdjust(outgoing(raw).id, 2 ** 31)
    const requests = Array.from({ length: 4000 }, (_, id) =>
      packet(5, uint32(id), string(handle), uint64(0), uint32(MAX_DATA)),
    )
    const before = process.memoryUsage().arrayBuffers
    raw.sendBytes(Buffer.concat(requests))
    const [own] = server.sockets.slice(-1)
    await steady(() => own?.bytesRead ?? 0)
    const held = process.memoryUsage().arrayBuffers - before
    assert.ok(held < 8 * MIB, `${held} bytes are held`)
    socket.destroy()
    await server.close()
  })
}

test('eight channels that flood a stuck disk hold no more than 4 MiB together, and another command goes through', async () => {
  const server = await startSftp({ wrap: stuck, settings: { channelsPerConnection: 8 } })
  const first = await openRaw(server.port)
  const others = await Promise.all(
    Array.from({ length: 7 }, async () => wrap(first.client, await openSubsystem(first.client))),
  )
  for (const raw of others) raw.sendBytes(packet(1, uint32(3)))
  for (const raw of others) assert.equal((await raw.receive()).type, 2)
  const channels = [first, ...others]
  const handles: Buffer[] = []
  for (const [index, raw] of channels.entries()) handles.push(await openFile(raw, `/slow${index}`, NEW))
  const [own] = server.sockets
  assert.ok(own !== undefined)
  const flood = (raw: RawClient) => {
    const handle = handles[channels.indexOf(raw)] ?? Buffer.alloc(0)
    const bytes = packet(6, uint32(1), string(handle), uint64(0), string(Buffer.alloc(32_768)))
    for (let count = 0; count < 640; count += 1) raw.sendBytes(bytes)
  }
  flood(first)
  await steady(() => own.bytesRead)
  for (const raw of others) assert.equal((await raw.ask(16, string('.'))).type, 104, 'others go on')
  for (const raw of others) flood(raw)
  const taken = await steady(() => own.bytesRead)
  assert.ok(taken < 2.75 * MIB, `${taken} bytes were taken`)
  inside(first.client)._sock.destroy()
  own.destroy()
})

test('a peer that ignores its window is disconnected', async () => {
  const server = await startSftp({ wrap: stuck })
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/slow', NEW)
  outgoing(raw).window = 2 ** 31
  const bytes = packet(6, uint32(1), string(handle), uint64(0), string(Buffer.alloc(32_000)))
  const [own] = server.sockets
  const gone = new Promise((resolve) => own?.once('close', resolve))
  for (let index = 0; index < 640; index += 1) raw.sendBytes(bytes)
  await gone
  assert.ok((own?.bytesRead ?? 0) < 8 * MIB)
  assert.ok(
    server.events.some(
      (event) => event.type === 'session.error' && event.detail === 'data beyond the window',
    ),
  )
})

test('a peer whose answers pile up is not read until they are gone; a key exchange without an end is cut', () => {
  const socket = Object.assign(new EventEmitter(), { writableLength: 0, paused: false })
  const pausable = Object.assign(socket, {
    pause: () => Object.assign(socket, { paused: true }),
    resume: () => Object.assign(socket, { paused: false }),
  })
  const transport = { inKeyExchange: false, heldPackets: 0 }
  const violations: string[] = []
  const input = createInputRoom(createInputPools())
  const guard = new SocketGuard({
    ...{ socket: pausable as unknown as Socket, transport: transport as unknown as Transport, input },
    ...{ channels: 3, onViolation: (why) => violations.push(why) },
  })
  socket.writableLength = SOCKET_STOP_READING + 1
  socket.emit('data', Buffer.alloc(1))
  assert.equal(socket.paused, true)
  socket.emit('drain')
  assert.equal(socket.paused, true, 'as much waits as before')
  socket.writableLength = 0
  socket.emit('drain')
  assert.equal(socket.paused, false)
  input.held = inputLimit(3) + 1
  socket.emit('data', Buffer.alloc(1))
  assert.equal(socket.paused, true)
  input.held = inputLimit(3)
  input.guard?.goOn()
  assert.equal(socket.paused, false)
  input.held = inputLimit(3) + 1
  socket.emit('data', Buffer.alloc(1))
  assert.equal(socket.paused, true)
  transport.inKeyExchange = true
  guard.goOn()
  assert.equal(socket.paused, false, 'no request would be worked off: what ends the key exchange has to come')
  guard.received(1)
  assert.equal(socket.paused, false)
  transport.heldPackets = MAX_HELD_PACKETS
  socket.emit('data', Buffer.alloc(1))
  assert.equal(violations.length, 0)
  transport.heldPackets += 1
  socket.emit('data', Buffer.alloc(1))
  assert.equal(violations.length, 1)
  transport.heldPackets = 0
  guard.received(MAX_BYTES_IN_KEX)
  assert.equal(violations.length, 2)
})

test('a window smaller than a reply is worked with', async () => {
  const counts = { read: 0 }
  const server = await startSftp({ wrap: (files) => zeros(files, counts) })
  await upload(server, '/zeros')
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/zeros', 1)
  // The window that the client grants is opened by hand, 50,000 bytes at a time.
  const { _protocol: protocol } = inside(raw.client)
  const adjust = protocol.channelWindowAdjust.bind(protocol)
  const incoming = raw.channel.incoming as { window: number }
  protocol.channelWindowAdjust = () => {}
  for (let id = 0; id < 12; id += 1) raw.send(5, id, string(handle), uint64(0), uint32(MAX_DATA))
  for (let id = 0; id < 12; id += 1) {
    const reply = raw.receive()
    let answered = false
    void reply.then(() => {
      answered = true
    })
    while (!answered) {
      incoming.window = 2 ** 31
      adjust(outgoing(raw).id, 50_000)
      await turn()
    }
    assert.equal((await reply).type, 103)
  }
  await raw.end()
  await server.close()
})

test('the server renews the keys by time in the middle of transfers both ways', async () => {
  const rekeyMs = 60_000
  const server = await startSftp({ settings: { rekeyMs, keepAliveMs: 2 ** 40 } })
  const raw = await openRaw(server.port)
  let rekeys = 0
  raw.client.on('handshake', () => {
    rekeys += 1
  })
  const size = 32 * 1024
  const rounds = 6
  const handle = await openFile(raw, '/timed', NEW)
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < 16; at += 1) {
      raw.send(6, at, string(handle), uint64((round * 16 + at) * size), string(Buffer.alloc(size, round)))
    }
    await server.clock.advance(rekeyMs)
    for (let at = 0; at < 16; at += 1) assert.equal((await raw.receive()).type, 101)
  }
  assert.equal((await raw.ask(4, string(handle))).body.uint32(), 0)
  const reader = await openFile(raw, '/timed', 1)
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < 16; at += 1) {
      raw.send(5, at, string(reader), uint64((round * 16 + at) * size), uint32(size))
    }
    await server.clock.advance(rekeyMs)
    for (let at = 0; at < 16; at += 1) {
      assert.ok((await raw.receive()).body.string().equals(Buffer.alloc(size, round)), `${round}`)
    }
  }
  assert.ok(rekeys >= 2 * rounds - 1, `${rekeys} key exchanges`)
  await raw.end()
  await server.close()
})

test('the server renews the keys by bytes in the middle of transfers both ways', async () => {
  const server = await startSftp({ settings: { rekeyBytes: 256 * 1024 } })
  const raw = await openRaw(server.port)
  let rekeys = 0
  raw.client.on('handshake', () => {
    rekeys += 1
  })
  const content = Buffer.alloc(8 * MIB)
  for (let at = 0; at < content.length; at += 4) content.writeUInt32BE(at, at)
  const handle = await openFile(raw, '/rekey', NEW)
  const size = 128 * 1024
  for (let at = 0; at < content.length; at += size) {
    raw.send(6, at, string(handle), uint64(at), string(content.subarray(at, at + size)))
  }
  for (let at = 0; at < content.length; at += size) assert.equal((await raw.receive()).type, 101)
  assert.equal((await raw.ask(4, string(handle))).body.uint32(), 0)
  const reader = await openFile(raw, '/rekey', 1)
  for (let at = 0; at < content.length; at += size) raw.send(5, at, string(reader), uint64(at), uint32(size))
  const back = Buffer.alloc(content.length)
  for (let at = 0; at < content.length; at += size) {
    const reply = await raw.receive()
    reply.body.string().copy(back, reply.id)
  }
  assert.ok(back.equals(content))
  assert.ok(rekeys >= 2, `${rekeys} key exchanges`)
  await raw.end()
  await server.close()
})

for (const cipher of ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'] as const) {
  test(`${cipher}: who stops reading again and again, while keys are renewed, gets every byte`, async () => {
    const server = await startSftp({ settings: { rekeyBytes: MIB } })
    const raw = await openRaw(server.port, { algorithms: { cipher: [cipher] } })
    const { _sock: socket, _protocol: protocol } = inside(raw.client)
    let rekeys = 0
    raw.client.on('handshake', () => {
      rekeys += 1
    })
    const content = randomBytes(32 * MAX_DATA)
    const places = Array.from({ length: 32 }, (_, index) => index * MAX_DATA)
    const handle = await openFile(raw, '/fits', NEW)
    for (const at of places) {
      raw.send(6, at, string(handle), uint64(at), string(content.subarray(at, at + MAX_DATA)))
    }
    for (const _ of places) assert.equal((await raw.receive()).type, 101)
    assert.equal((await raw.ask(4, string(handle))).body.uint32(), 0)
    const reader = await openFile(raw, '/fits', 1)
    const [own] = server.sockets.slice(-1)
    assert.ok(own !== undefined)
    const back = Buffer.alloc(content.length)
    let queued = 0
    protocol.channelWindowAdjust(outgoing(raw).id, 2 ** 30)
    for (const at of places) raw.send(5, at, string(reader), uint64(at), uint32(MAX_DATA))
    for (const at of places) {
      if (at % (8 * MAX_DATA) === 0) {
        socket.pause()
        // As when the system took no more, however much it has room for.
        own.cork()
        queued += await steady(() => own.writableLength)
        own.uncork()
        socket.resume()
      }
      const reply = await raw.receive()
      reply.body.string().copy(back, reply.id)
    }
    assert.ok(back.equals(content))
    assert.ok(queued > 0, 'something waited')
    assert.ok(rekeys >= 4, `${rekeys} key exchanges`)
    await raw.end()
    await server.close()
  })
}
