import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, createServer, Socket } from 'node:net'
import { before, test } from 'node:test'
import type { Native } from '../../../src/native/native.ts'
import { SshCipher } from '../../../src/sftp/ciphers/ssh-cipher.ts'
import { SshDecipher } from '../../../src/sftp/ciphers/ssh-decipher.ts'
import { ownCipher, ownDecipher } from '../../../src/sftp/ssh-ciphers.ts'
import { native, needsNative } from '../../helpers/native.ts'

type Info = { keyLen: number; ivLen: number }
type Cipher = { outSeqno: number; allocPacket(size: number): Buffer; encrypt(packet: Buffer): void }
type Decipher = { inSeqno: number; decrypt(data: Buffer, from: number, to: number): unknown }
type SshCrypto = {
  CIPHER_INFO: Record<string, Info>
  init: Promise<void>
  createCipher(config: object): Cipher
  createDecipher(config: object): Decipher
}
const ssh: SshCrypto = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js')
before(() => ssh.init)

const SUITES = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com']
const CASES = SUITES.flatMap((suite) => [
  { suite, used: undefined, label: suite, needs: {} },
  { suite, used: native, label: `${suite} in machine code`, needs: needsNative },
])
const PAYLOAD_AT = 5
const LAST_SEQUENCE = 2 ** 32 - 1
const CHANNEL_DATA = 94
const MESSAGE = 21
/** Length field and MAC. */
const AROUND = 20

/** Both ends under the same keys, each in ssh2's version and in ours. */
function ends(suite: string, used: Native | undefined, sequence = 0) {
  const info = ssh.CIPHER_INFO[suite]
  assert.ok(info !== undefined)
  const keys = { key: randomBytes(info.keyLen), iv: randomBytes(info.ivLen) }
  // The counter of the IV overflows into its next byte.
  if (info.ivLen > 0) keys.iv[11] = 0xfe
  const received: Buffer[] = []
  const wire: Buffer[] = []
  const theirCipher = (): Cipher =>
    ssh.createCipher({
      outbound: {
        ...{
          cipherInfo: info,
          cipherKey: Buffer.from(keys.key),
          cipherIV: Buffer.from(keys.iv),
          seqno: sequence,
        },
        ...{ onWrite: (bytes: Uint8Array) => void wire.push(Buffer.from(bytes)), forceNative: true },
      },
    })
  const theirDecipher = (): Decipher =>
    ssh.createDecipher({
      inbound: {
        ...{
          decipherInfo: info,
          decipherKey: Buffer.from(keys.key),
          decipherIV: Buffer.from(keys.iv),
          seqno: sequence,
        },
        ...{ onPayload: (bytes: Buffer) => void received.push(Buffer.from(bytes)), forceNative: true },
      },
    })
  const ourCipher = (): SshCipher => {
    const cipher = ownCipher(theirCipher(), used)
    assert.ok(cipher instanceof SshCipher)
    return cipher
  }
  const ourDecipher = (): SshDecipher => {
    const decipher = ownDecipher(theirDecipher(), used)
    assert.ok(decipher instanceof SshDecipher)
    return decipher
  }
  return { theirCipher, theirDecipher, ourCipher, ourDecipher, received, wire }
}

function send(cipher: Cipher, payload: Buffer): void {
  const packet = cipher.allocPacket(payload.length)
  payload.copy(packet, PAYLOAD_AT)
  cipher.encrypt(packet)
}

const sizes = [...Array.from({ length: 80 }, (_, size) => size + 1), 383, 400, 500, 520, 4096, 32_777, 34_900]
const payloads = sizes.map((size) => randomBytes(size))

/** Cuts `bytes` into pieces, each in memory of its own. */
function* pieces(bytes: Buffer, most: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const count = randomInt(1, most + 1)
    yield Buffer.from(bytes.subarray(at, at + count))
    at += count
  }
}

for (const { suite, used, label, needs } of CASES) {
  test(`${label}: ssh2 reads what we seal, every size`, needs, () => {
    const { ourCipher, theirDecipher, received, wire } = ends(suite, used)
    const cipher = ourCipher()
    const decipher = theirDecipher()
    for (const payload of payloads) send(cipher, payload)
    const bytes = Buffer.concat(wire)
    decipher.decrypt(bytes, 0, bytes.length)
    assert.deepEqual(received, payloads)
  })

  for (const most of [1, 7, 5000, 100_000]) {
    test(`${label}: we read what ssh2 seals, in pieces of up to ${most} bytes`, needs, () => {
      const { theirCipher, ourDecipher, received, wire } = ends(suite, used)
      const cipher = theirCipher()
      const decipher = ourDecipher()
      for (const payload of payloads) send(cipher, payload)
      for (const piece of pieces(Buffer.concat(wire), most)) {
        assert.equal(decipher.decrypt(piece, 0, piece.length), undefined)
        // What is kept of the input must be a copy.
        piece.fill(0xff)
      }
      assert.deepEqual(received, payloads)
    })
  }

  test(`${label}: sequence numbers begin again behind the last one`, needs, () => {
    const { ourCipher, theirDecipher, ourDecipher, received, wire } = ends(suite, used, LAST_SEQUENCE)
    const cipher = ourCipher()
    for (const payload of payloads.slice(-3)) send(cipher, payload)
    assert.equal(cipher.outSeqno, 2)
    for (const decipher of [theirDecipher(), ourDecipher()]) {
      const bytes = Buffer.concat(wire)
      decipher.decrypt(bytes, 0, bytes.length)
      assert.deepEqual(received.splice(0), payloads.slice(-3))
      assert.equal(decipher.inSeqno, 2)
    }
  })

  test(`${label}: a bit that is not as it was sent ends it, wherever it stands`, needs, () => {
    for (const payload of [randomBytes(20), randomBytes(3000)]) {
      const { theirCipher, ourDecipher, received, wire } = ends(suite, used)
      send(theirCipher(), payload)
      const bytes = Buffer.concat(wire)
      for (const at of [4, 5, 17, bytes.length - 17, bytes.length - 16, bytes.length - 1]) {
        const damaged = Buffer.from(bytes)
        damaged[at] = (damaged[at] ?? 0) ^ 0x40
        assert.throws(() => ourDecipher().decrypt(damaged, 0, damaged.length), { code: 'protocol.syntax' })
      }
      assert.deepEqual(received, [])
    }
  })

  test(`${label}: a length that no packet has ends it`, needs, () => {
    const { theirCipher, ourDecipher, wire } = ends(suite, used)
    send(theirCipher(), randomBytes(20))
    const bytes = Buffer.concat(wire)
    for (const at of [0, 1, 3]) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ 0x81
      assert.throws(() => ourDecipher().decrypt(damaged, 0, damaged.length), { code: 'protocol.syntax' })
    }
  })

  test(`${label}: a length near 2^32, to which adding begins at 0 again, ends it`, needs, () => {
    const { theirCipher, ourDecipher, wire } = ends(suite, used)
    send(theirCipher(), randomBytes(100))
    const bytes = Buffer.concat(wire)
    const length = bytes.length - AROUND
    for (let below = 1; below <= 64; below += 1) {
      const damaged = Buffer.from(bytes)
      // Whatever encrypts the field, a bit that is changed there is changed in the length.
      const change = (length ^ (2 ** 32 - below)) >>> 0
      damaged.writeUInt32BE((bytes.readUInt32BE(0) ^ change) >>> 0, 0)
      assert.throws(() => ourDecipher().decrypt(damaged, 0, damaged.length), { code: 'protocol.syntax' })
    }
  })

  test(`${label}: stops where the payload's owner says, with the rest of the input untouched`, needs, () => {
    const { theirCipher, ourDecipher, wire } = ends(suite, used)
    const cipher = theirCipher()
    for (let count = 0; count < 2; count += 1) send(cipher, Buffer.alloc(40, MESSAGE))
    const bytes = Buffer.concat(wire)
    const decipher = ourDecipher()
    decipher._onPayload = () => false
    assert.equal(decipher.decrypt(bytes, 0, bytes.length), bytes.length / 2)
    decipher._onPayload = () => 7
    assert.equal(decipher.decrypt(bytes, bytes.length / 2, bytes.length), 7)
  })
}

/** Channel data of many sizes, with another message in the middle. */
const mixed = sizes.map((size, index) => {
  const payload = randomBytes(size)
  payload[0] = index % 10 === 9 ? MESSAGE : CHANNEL_DATA
  return payload
})

for (const { suite, used, label, needs } of CASES) {
  for (const most of [1000, 200_000]) {
    test(
      `${label}: runs of channel data end with every other message, in pieces of up to ${most} bytes`,
      needs,
      () => {
        const { theirCipher, ourDecipher, received, wire } = ends(suite, used, LAST_SEQUENCE - 5)
        const cipher = theirCipher()
        const decipher = ourDecipher()
        for (const payload of mixed) send(cipher, payload)
        const deliver = decipher._onPayload
        decipher._onPayload = (payload) => {
          deliver(payload)
          return payload[0] === MESSAGE ? false : undefined
        }
        for (const piece of pieces(Buffer.concat(wire), most)) {
          for (let at = 0; at < piece.length; ) {
            const before = received.length
            const next = decipher.decrypt(piece, at, piece.length)
            const stopped = received.length > before && received.at(-1)?.[0] === MESSAGE
            assert.equal(typeof next === 'number', stopped)
            at = typeof next === 'number' ? next : piece.length
          }
        }
        assert.deepEqual(received, mixed)
      },
    )
  }

  test(`${label}: a wrong packet behind good ones is never delivered, and nothing after it`, needs, () => {
    for (const what of ['mac', 'length'] as const) {
      const { theirCipher, ourDecipher, received, wire } = ends(suite, used)
      const cipher = theirCipher()
      const decipher = ourDecipher()
      const behind: number[] = []
      for (const payload of mixed.slice(0, 5)) {
        send(cipher, payload)
        behind.push(Buffer.concat(wire).length)
      }
      const bytes = Buffer.concat(wire)
      const at = what === 'mac' ? (behind[2] ?? 0) - 1 : (behind[1] ?? 0)
      bytes[at] = (bytes[at] ?? 0) ^ 0x40
      const whole = Buffer.from(bytes)
      assert.throws(
        () => {
          let from = 0
          while (from < whole.length) {
            const next = decipher.decrypt(whole, from, whole.length)
            from = typeof next === 'number' ? next : whole.length
          }
        },
        { code: 'protocol.syntax' },
      )
      assert.deepEqual(received, mixed.slice(0, 2), what)
      // As it was before the attack: the keys count packets, and this one has had its chance.
      if (used !== undefined) {
        assert.throws(() => decipher.decrypt(Buffer.from(Buffer.concat(wire).subarray(behind[1])), 0, 500), {
          code: 'protocol.syntax',
        })
        assert.equal(received.length, 2)
      }
    }
  })
}

test('chacha20-poly1305@openssh.com: hundreds of packets, as the MAC is put together in one of four ways', () => {
  const { ourCipher, theirDecipher, received, wire } = ends('chacha20-poly1305@openssh.com', undefined)
  const cipher = ourCipher()
  const decipher = theirDecipher()
  const many = Array.from({ length: 400 }, () => randomBytes(randomInt(385, 1200)))
  for (const payload of many) send(cipher, payload)
  const bytes = Buffer.concat(wire)
  decipher.decrypt(bytes, 0, bytes.length)
  assert.deepEqual(received, many)
})

test('what is no cipher of ssh2 without its addon stays what it is', () => {
  const theirs = { outSeqno: 1, _onWrite: () => {}, _instance: {} }
  assert.equal(ownCipher(theirs, native), theirs)
  assert.equal(ownDecipher(undefined, native), undefined)
})

for (const { suite, used, label, needs } of CASES) {
  test(
    `${label}: nothing is sealed or opened once ssh2 has freed it, and ssh2's own copy of the keys is gone`,
    needs,
    () => {
      const { ourCipher, ourDecipher, theirCipher, received, wire } = ends(suite, used)
      const cipher = ourCipher()
      const decipher = ourDecipher()
      send(cipher, randomBytes(40))
      const bytes = Buffer.concat(wire.splice(0))
      cipher.free()
      cipher.free()
      send(cipher, randomBytes(40))
      assert.deepEqual(wire, [])
      decipher.free()
      assert.equal(decipher.decrypt(bytes, 0, bytes.length), undefined)
      assert.deepEqual(received, [])
      const theirs = theirCipher()
      ownCipher(theirs, used)
      for (const place of ['_encKey', '_encKeyMain', '_encKeyPktLen']) {
        const key: unknown = Reflect.get(theirs, place)
        if (Buffer.isBuffer(key)) assert.ok(key.every((byte) => byte === 0))
      }
    },
  )
}

for (const { suite, used, label } of CASES) {
  test(`${label}: packets go to the system at once, sealed or not at all`, needsNative, async () => {
    const system = native
    assert.ok(system !== undefined)
    const { ourCipher, theirDecipher, received } = ends(suite, used)
    const cipher = ourCipher()
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const sender = connect(address.port, '127.0.0.1')
    const [[receiver]] = await Promise.all([once(server, 'connection'), once(sender, 'connect')])
    const fd: unknown = Reflect.get(Object(Reflect.get(sender, '_handle')), 'fd')
    assert.ok(typeof fd === 'number' && receiver instanceof Socket)
    const sent: Buffer[] = []
    let bytes = 0
    const memory = Buffer.alloc(40_000)
    for (const payload of payloads.slice(0, 83)) {
      payload.copy(memory, PAYLOAD_AT)
      const length = cipher.frameIn(memory, payload.length)
      assert.equal(cipher.send(memory, length, fd, system), length)
      sent.push(payload)
      bytes += length
    }
    const parts: Buffer[] = []
    for (let got = 0; got < bytes; got += parts.at(-1)?.length ?? 0)
      parts.push((await once(receiver, 'data'))[0])
    const wire = Buffer.concat(parts)
    const decipher = theirDecipher()
    decipher.decrypt(wire, 0, wire.length)
    assert.deepEqual(received.splice(0), sent)
    // No socket: it is sealed all the same, and somebody else may send it.
    const length = cipher.frameIn(memory, 10)
    assert.equal(cipher.send(memory, length, -1, system), 0)
    decipher.decrypt(memory, 0, length)
    assert.equal(received.length, 1)
    cipher.free()
    if (used !== undefined) assert.throws(() => cipher.send(memory, length, fd, system), { code: 'internal' })
    sender.destroy()
    receiver.destroy()
    server.close()
  })
}
