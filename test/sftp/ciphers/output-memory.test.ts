import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createChachaOpener, createChachaSealer } from '../../../src/sftp/ciphers/chacha-poly.ts'
import { createGcmOpener, createGcmSealer } from '../../../src/sftp/ciphers/gcm.ts'
import { giveBack } from '../../../src/sftp/ciphers/output-memory.ts'
import { SshCipher } from '../../../src/sftp/ciphers/ssh-cipher.ts'
import { type OnPayload, SshDecipher } from '../../../src/sftp/ciphers/ssh-decipher.ts'

test('the output of a cipher is freed at once', () => {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  const output = cipher.update(Buffer.alloc(1000))
  giveBack(output)
  assert.equal(output.length, 0)
  assert.equal(output.buffer.byteLength, 0)
})

test('what shares its memory with others is left alone', () => {
  const whole = Buffer.alloc(100, 7)
  giveBack(whole.subarray(1))
  giveBack(whole.subarray(0, 99))
  giveBack(Buffer.from('of the pool that all small Buffers come from'))
  assert.ok(whole.equals(Buffer.alloc(100, 7)))
  assert.equal(Buffer.from('still there').toString(), 'still there')
})

const gcm = { name: 'aes-128-gcm', key: randomBytes(16), iv: randomBytes(12) } as const
const chacha = { name: 'chacha20', key: randomBytes(64), iv: Buffer.alloc(0) } as const
const CIPHERS = [
  { name: gcm.name, sealer: createGcmSealer(gcm), opener: createGcmOpener(gcm) },
  { name: chacha.name, sealer: createChachaSealer(chacha), opener: createChachaOpener(chacha) },
]
const TAKEN = 1

for (const { name, sealer, opener } of CIPHERS) {
  test(`${name}: memory of data that was taken is freed, that of a payload which may be kept never`, () => {
    const wire: Buffer[] = []
    const cipher = new SshCipher(sealer, 0, (bytes) => wire.push(Buffer.from(bytes)))
    const payloads = Array.from({ length: 40 }, (_, index) => {
      const payload = randomBytes([16, 600, 5000, 32_000][index % 4] ?? 1)
      payload[0] = index % 3 === 0 ? TAKEN : 2
      return payload
    })
    for (const payload of payloads) {
      const packet = cipher.allocPacket(payload.length)
      packet.set(payload, 5)
      cipher.encrypt(packet)
    }
    const taken: Buffer[] = []
    const kept: Buffer[] = []
    const got: Buffer[] = []
    const take = (bytes: Buffer, from: number, to: number): boolean => {
      if (bytes[from] !== TAKEN) return false
      got.push(Buffer.from(bytes.subarray(from, to)))
      taken.push(bytes)
      return true
    }
    const onPayload = (payload: Buffer): undefined => {
      kept.push(payload)
      got.push(Buffer.from(payload))
    }
    const decipher = new SshDecipher(
      opener,
      0,
      Object.assign(onPayload, { data: { take } }) satisfies OnPayload,
    )
    const bytes = Buffer.concat(wire)
    for (let at = 0; at < bytes.length; at += 50_000) {
      const end = Math.min(bytes.length, at + 50_000)
      decipher.decrypt(bytes, at, end)
    }
    assert.deepEqual(got, payloads)
    assert.deepEqual(
      kept,
      payloads.filter((payload) => payload[0] !== TAKEN),
    )
    assert.ok(taken.filter(({ buffer }) => buffer.byteLength === 0).length >= taken.length / 2)
    assert.ok(bytes.length > 0, 'the input is not ours to free')
  })
}
