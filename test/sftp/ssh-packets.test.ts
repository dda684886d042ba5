import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { Burst } from '../../src/sftp/burst.ts'
import type { Outgoing } from '../../src/sftp/channel-data.ts'
import { SshCipher } from '../../src/sftp/ciphers/ssh-cipher.ts'
import { finishData } from '../../src/sftp/replies.ts'
import { createReplyPool } from '../../src/sftp/reply-pool.ts'
import { ownCipher } from '../../src/sftp/ssh-ciphers.ts'
import { createPacketWriter } from '../../src/sftp/ssh-packets.ts'
import { native as ciphers, needsNative } from '../helpers/native.ts'

type Info = { sslName?: string; keyLen: number; ivLen: number; len: number }
type Cipher = { allocPacket(size: number): Buffer; encrypt(packet: Buffer): void; _dead: boolean }
type SshCrypto = {
  CIPHER_INFO: Record<string, Info>
  MAC_INFO: Record<string, Info>
  init: Promise<void>
  createCipher(config: object): Cipher
  createDecipher(config: object): { decrypt(data: Buffer, from: number, to: number): void }
}
const ssh: SshCrypto = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js')

const SUITES = [
  ['aes128-gcm@openssh.com', 'hmac-sha2-256'],
  ['aes256-gcm@openssh.com', 'hmac-sha2-256'],
  ['chacha20-poly1305@openssh.com', 'hmac-sha2-256'],
  ['aes256-ctr', 'hmac-sha2-256'],
  ['aes256-ctr', 'hmac-sha2-512-etm@openssh.com'],
  ['aes128-ctr', 'hmac-sha2-256-etm@openssh.com'],
] as const

/** Both ends of one direction: what is written on this side is decrypted by ssh2's own code for the other side. */
function pair(suite: readonly [string, string]) {
  const info = ssh.CIPHER_INFO[suite[0]]
  const mac = ssh.MAC_INFO[suite[1]]
  assert.ok(info !== undefined && mac !== undefined)
  const key = randomBytes(info.keyLen)
  const iv = randomBytes(info.ivLen)
  const macKey = randomBytes(mac.len)
  const wire: Buffer[] = []
  const received: Buffer[] = []
  const onWrite = (bytes: Uint8Array) => wire.push(Buffer.from(bytes))
  const cipher = ssh.createCipher({
    outbound: {
      ...{ cipherInfo: info, cipherKey: key, cipherIV: Buffer.from(iv), macInfo: mac, macKey },
      ...{ seqno: 3, onWrite: (bytes: Uint8Array) => void socket.write(bytes), forceNative: true },
    },
  })
  const decipher = ssh.createDecipher({
    inbound: {
      ...{ decipherInfo: info, decipherKey: Buffer.from(key), decipherIV: Buffer.from(iv), macInfo: mac },
      ...{ macKey, seqno: 3, onPayload: (payload: Uint8Array) => void received.push(Buffer.from(payload)) },
    },
  })
  const protocol = {
    _kexinit: undefined as unknown,
    _cipher: cipher as unknown,
    channelData(id: number, data: Buffer) {
      const sealing = protocol._cipher instanceof SshCipher ? protocol._cipher : cipher
      const packet = sealing.allocPacket(9 + data.length)
      packet.writeUInt8(94, 5)
      packet.writeUInt32BE(id, 6)
      packet.writeUInt32BE(data.length, 10)
      packet.set(data, 14)
      sealing.encrypt(packet)
    },
  }
  const socket = {
    writable: true,
    writableLength: 0,
    writes: 0,
    _handle: { fd: 1234 } as { fd: number } | null,
    cork() {},
    uncork() {},
    write(bytes: Uint8Array, written?: () => void) {
      socket.writes += 1
      onWrite(bytes)
      written?.()
      return true
    },
  }
  const channel = {
    outgoing: { id: 77, window: 2 ** 21, packetSize: 32_768, state: 'open' },
    _waitWindow: false,
    _chunk: undefined,
    _chunkcb: undefined as (() => void) | undefined,
  }
  /** The system: how many bytes it takes of the next packet, less than 0 for an error. */
  const system = { takes: Infinity, sent: 0 }
  const native = {
    sendBytes(fd: number, bytes: Uint8Array, from: number, to: number) {
      assert.equal(fd, socket._handle?.fd)
      const count = Math.min(system.takes, to - from)
      if (count > 0) onWrite(bytes.subarray(from, from + count))
      system.sent += Math.max(0, count)
      return count
    },
  }
  const traffic = { bytes: 0 }
  const writer = createPacketWriter({ _protocol: protocol }, channel, {
    ...{ socket: socket as unknown as Socket, traffic, native },
  })
  /** The channel's bytes as the other side sees them. */
  const arrived = (): Buffer => {
    const bytes = Buffer.concat(wire.splice(0))
    decipher.decrypt(bytes, 0, bytes.length)
    return Buffer.concat(
      received.splice(0).map((payload) => {
        assert.equal(payload.readUInt8(0), 94)
        assert.equal(payload.readUInt32BE(1), 77)
        assert.equal(payload.readUInt32BE(5), payload.length - 9)
        return payload.subarray(9)
      }),
    )
  }
  return { writer, channel, socket, protocol, cipher, onWrite, system, traffic, arrived }
}

const pool = createReplyPool()

function burstOf(replies: readonly Buffer[]): Burst {
  const burst = new Burst()
  const owner = { moveOut: () => assert.fail('more than a packet') }
  for (const reply of replies) burst.add(owner, reply, undefined)
  return burst
}

function reply(size: number): { expected: Buffer; outgoing: Outgoing } {
  const { buffer, at } = pool.take(size)
  randomBytes(size).copy(buffer, at)
  const bytes = finishData(1, buffer, at, size)
  const from = bytes.byteOffset - buffer.byteOffset
  return {
    expected: Buffer.from(bytes),
    outgoing: { memory: buffer, free: 0, from, to: from + bytes.length },
  }
}

for (const suite of SUITES) {
  test(`${suite.join(' with ')} by ssh2: replies of every size and window`, async () => {
    await ssh.init
    const { writer, channel, arrived } = pair(suite)
    const sizes = [1, 2, 31, 4096, 32_741, 32_755, 32_756, 32_768, 65_536, 261_120]
    for (let round = 0; round < 40; round += 1) {
      const size = sizes[round] ?? randomInt(1, 261_121)
      const { expected, outgoing } = reply(size)
      channel.outgoing.packetSize = randomInt(4) === 0 ? randomInt(200, 33_000) : 32_768
      const got: Buffer[] = []
      while (outgoing.from < outgoing.to) {
        channel.outgoing.window = randomInt(3) === 0 ? randomInt(1, 60_000) : 2 ** 21
        writer.send(outgoing, () => {})
        got.push(arrived())
      }
      assert.ok(Buffer.concat(got).equals(expected), `${size} bytes`)
    }
  })
}

const OWN = SUITES.slice(0, 3).flatMap((suite) => [
  { suite, used: undefined, label: suite[0], needs: {} },
  { suite, used: ciphers, label: `${suite[0]} in machine code`, needs: needsNative },
])
for (const { suite, used, label, needs } of OWN) {
  test(
    `${label}, ours: what waits for the network stays as it is, whatever is sealed behind it`,
    needs,
    async () => {
      await ssh.init
      const { writer, channel, socket, protocol, cipher, onWrite, arrived } = pair(suite)
      protocol._cipher = ownCipher(cipher, used)
      const queue: { bytes: Uint8Array; written: (() => void) | undefined }[] = []
      socket.write = (bytes, written) => queue.push({ bytes, written }) > 0
      const expected: Buffer[] = []
      let free = 0
      for (let round = 0; round < 60; round += 1) {
        const next = reply([1, 2, 31, 4096, 32_741, 32_755, 65_536, 261_120][round] ?? randomInt(1, 261_121))
        const { outgoing } = next
        expected.push(next.expected)
        channel.outgoing.packetSize = randomInt(4) === 0 ? randomInt(200, 33_000) : 32_768
        while (outgoing.from < outgoing.to) {
          channel.outgoing.window = randomInt(3) === 0 ? randomInt(1, 60_000) : 2 ** 21
          writer.send(outgoing, () => {
            free += 1
          })
        }
      }
      const writes = queue.length
      for (const { bytes, written } of queue) {
        onWrite(bytes)
        written?.()
      }
      assert.ok(arrived().equals(Buffer.concat(expected)))
      assert.ok(free > 0 && writes >= free)
    },
  )
}

test('a whole reply is one write to the socket, under a cipher of ours', () => {
  const { writer, socket, protocol, cipher, arrived } = pair(SUITES[0])
  protocol._cipher = ownCipher(cipher, undefined)
  const { expected, outgoing } = reply(261_120)
  assert.equal(
    writer.send(outgoing, () => {}),
    true,
  )
  assert.equal(socket.writes, 1)
  assert.ok(arrived().equals(expected))
})

test('a cipher of another shape gets copies by the ordinary way', () => {
  const { writer, protocol, cipher, arrived } = pair(SUITES[0])
  const { allocPacket } = cipher
  // Packets that are laid out by a rule of their own.
  protocol._cipher = { ...cipher, _onWrite() {}, encrypt() {}, allocPacket: () => Buffer.alloc(2000) }
  const { expected, outgoing } = reply(100_000)
  assert.equal(
    writer.send(outgoing, () => {}),
    false,
  )
  assert.equal(outgoing.from, outgoing.to)
  assert.ok(arrived().equals(expected))
  protocol._cipher = { allocPacket }
  const next = reply(5000)
  assert.equal(
    writer.send(next.outgoing, () => {}),
    false,
  )
  assert.ok(arrived().equals(next.expected))
})

for (const suite of SUITES.slice(0, 3)) {
  test(`${suite[0]}: small replies leave at once, and what the system does not take goes the ordinary way`, async () => {
    await ssh.init
    const { writer, channel, socket, protocol, cipher, system, traffic, arrived } = pair(suite)
    protocol._cipher = ownCipher(cipher, undefined)
    const gone = (...sizes: number[]): boolean => {
      const some = sizes.map((size) => randomBytes(size))
      const burst = burstOf(some)
      const { length } = burst
      const { window } = channel.outgoing
      const before = traffic.bytes
      if (!writer.sendNow(burst)) return false
      assert.equal(channel.outgoing.window, window - length)
      assert.equal(traffic.bytes, before + length)
      assert.ok(arrived().equals(Buffer.concat(some)))
      return true
    }
    for (let size = 1; size < 70; size += 1) assert.ok(gone(size))
    assert.ok(gone(30, 4109, 1, 8192))
    assert.ok(gone(8192, 8192, 8192, 8192))
    assert.equal(socket.writes, 0)
    for (const takes of [1, 40, 0, -11, -32]) {
      system.takes = takes
      assert.ok(gone(100, 20))
    }
    assert.equal(socket.writes, 5)
    system.takes = Infinity
    system.sent = 0
    channel.outgoing.window = 99
    assert.equal(gone(100), false, 'more than the window')
    assert.ok(gone(99))
    channel.outgoing.window = 2 ** 20
    channel.outgoing.packetSize = 50
    assert.equal(gone(51), false, 'more than the peer takes in a packet')
    channel.outgoing.packetSize = 2 ** 15
    socket.writableLength = 1
    assert.equal(gone(10), false, 'it would overtake what waits')
    socket.writableLength = 0
    protocol._kexinit = Buffer.alloc(1)
    assert.equal(gone(10), false, 'keys are exchanged')
    protocol._kexinit = undefined
    assert.equal(system.sent > 99, true)
    system.sent = 0
    for (const handle of [null, { fd: -9 }]) {
      socket._handle = handle
      assert.equal(gone(10), false, 'the socket tells what is wrong')
    }
    assert.equal(system.sent, 0)
    socket.writable = false
    assert.throws(() => writer.sendNow(burstOf([randomBytes(1)])), { code: 'transfer.aborted' })
  })
}

test("replies under a cipher of ssh2's, or without an addon of ours, do not leave at once", () => {
  const { writer, socket } = pair(SUITES[0])
  assert.equal(writer.sendNow(burstOf([Buffer.alloc(10)])), false)
  const { protocol, channel, cipher } = pair(SUITES[0])
  protocol._cipher = ownCipher(cipher, undefined)
  const wire = { socket: socket as unknown as Socket, traffic: { bytes: 0 }, native: undefined }
  const without = createPacketWriter({ _protocol: protocol }, channel, wire)
  assert.equal(without.sendNow(burstOf([Buffer.alloc(10)])), false)
})

test('nothing is sent while keys are exchanged, without a window, after the end, or by a dead cipher', () => {
  const { writer, channel, protocol, cipher, socket } = pair(SUITES[0])
  const { outgoing } = reply(1000)
  const { from } = outgoing
  const refuses = () => {
    assert.equal(writer.room, 0)
    assert.equal(
      writer.send(outgoing, () => {}),
      false,
    )
    assert.equal(outgoing.from, from)
  }
  protocol._kexinit = Buffer.alloc(1)
  refuses()
  protocol._kexinit = undefined
  channel.outgoing.window = -5
  refuses()
  channel.outgoing.window = 5000
  channel.outgoing.state = 'eof'
  refuses()
  channel.outgoing.state = 'open'
  cipher._dead = true
  assert.throws(() => writer.send(outgoing, () => {}), { code: 'transfer.aborted' })
  assert.equal(socket.writes, 0)
})

test('ssh2 wakes what waits for a window once', () => {
  const { writer, channel } = pair(SUITES[0])
  let woken = 0
  writer.onWindow(() => {
    woken += 1
  })
  assert.equal(channel._waitWindow, true)
  channel._chunkcb?.()
  channel._chunkcb?.()
  assert.equal(woken, 1)
})

test('an ssh2 without the expected parts is refused loudly', () => {
  assert.throws(
    () => createPacketWriter({}, {}, { socket: {} as Socket, traffic: { bytes: 0 }, native: undefined }),
    {
      code: 'internal',
    },
  )
})
