// Revocation lists: those that ssh-keygen makes, and text.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import fc from 'fast-check'
import type { ShownKey } from '../../src/core/auth/shown-key.ts'
import { readCertificate } from '../../src/sftp/certificate.ts'
import { fingerprintOf } from '../../src/sftp/key-blob.ts'
import { isKrl, readKrl } from '../../src/sftp/krl.ts'
import { isRevokedBy, type Revocations, readRevocationText } from '../../src/sftp/revoked-keys.ts'
import { blobOf, type KeyFiles, keyBench } from '../helpers/ssh-keys.ts'

const bench = keyBench()
let ca: KeyFiles
let otherCa: KeyFiles
let user: KeyFiles
let other: KeyFiles

before(async () => {
  const made = await Promise.all(
    ['ca', 'otherCa', 'user', 'other'].map((name) => bench.make(name, 'ed25519')),
  )
  ;[ca, otherCa, user, other] = made as [KeyFiles, KeyFiles, KeyFiles, KeyFiles]
})

const plain = ({ line, fingerprint }: KeyFiles): ShownKey => ({ fingerprint, blob: blobOf(line) })

async function certified(serial: string, id = 'an id', authority = ca): Promise<ShownKey> {
  const file = await bench.certify(authority, { key: user, id, args: ['-n', 'alice', '-z', serial] })
  const read = readCertificate(blobOf(readFileSync(file, 'utf8')), 3072)
  assert.ok(read.ok)
  return { ...plain(user), certificate: read.certificate }
}

let lists = 0
/** A list that ssh-keygen makes of these lines; `authority` signed what serials and ids are about. */
async function krl(lines: readonly string[], authority?: KeyFiles): Promise<Revocations> {
  lists += 1
  const [source, file] = [join(bench.dir, `spec-${lists}`), join(bench.dir, `krl-${lists}`)]
  writeFileSync(source, `${lines.join('\n')}\n`)
  const signer = authority === undefined ? [] : ['-s', `${authority.file}.pub`]
  await bench.keygen('-q', '-k', '-f', file, ...signer, source)
  const bytes = readFileSync(file)
  assert.ok(isKrl(bytes))
  const read = readKrl(bytes)
  assert.ok(read.ok, read.ok ? '' : read.problem)
  return read.revocations
}

function text(...lines: readonly string[]): Revocations {
  const read = readRevocationText(lines.join('\n'))
  assert.ok(read.ok, read.ok ? '' : read.problem)
  return read.revocations
}

test('keys: whole, by digest, and as authorities', async () => {
  for (const lines of [
    [user.line],
    [`sha256: ${user.line}`],
    [`sha1: ${user.line}`],
    [`hash: ${user.fingerprint}`],
    [`key: ${user.line}`],
  ]) {
    const list = await krl(lines)
    assert.ok(isRevokedBy([list], plain(user)), lines[0])
    assert.ok(isRevokedBy([list], await certified('5')), 'also in a certificate')
    assert.ok(!isRevokedBy([list], plain(other)))
  }
  const authority = await krl([ca.line])
  assert.ok(isRevokedBy([authority], await certified('5')))
  assert.ok(!isRevokedBy([authority], await certified('5', 'an id', otherCa)))
  assert.ok(!isRevokedBy([authority], plain(user)))
})

test('certificates: by serial, range, bitmap and id, of one authority', async () => {
  const sparse = await krl(['serial: 7', 'serial: 1000000', 'serial: 18446744073709551615'], ca)
  const range = await krl(['serial: 100-5000'], ca)
  const bits = await krl(
    Array.from({ length: 60 }, (_, index) => `serial: ${index * 2 + 1}`),
    ca,
  )
  const id = await krl(['id: stolen laptop'], ca)
  const revokes = async (list: Revocations, serial: string, name?: string, by?: KeyFiles) =>
    isRevokedBy([list], await certified(serial, name, by))
  assert.ok(await revokes(sparse, '7'))
  assert.ok(await revokes(sparse, '1000000'))
  assert.ok(await revokes(sparse, '18446744073709551615'))
  assert.ok(!(await revokes(sparse, '8')))
  assert.ok(!(await revokes(sparse, '7', 'an id', otherCa)))
  assert.ok((await revokes(range, '100')) && (await revokes(range, '5000')))
  assert.ok(!(await revokes(range, '99')) && !(await revokes(range, '5001')))
  assert.ok((await revokes(bits, '1')) && (await revokes(bits, '119')))
  assert.ok(!(await revokes(bits, '2')) && !(await revokes(bits, '121')))
  assert.ok(await revokes(id, '0', 'stolen laptop'))
  assert.ok(!(await revokes(id, '0', 'stolen')))
})

test('text: keys, fingerprints, serials, ids; of all authorities', async () => {
  const list = text('# gone', '', other.line, user.fingerprint)
  assert.ok(isRevokedBy([list], plain(user)) && isRevokedBy([list], plain(other)))
  assert.ok(!isRevokedBy([list], plain(ca)))
  const serials = text('serial: 7', 'serial: 10-12', 'id: stolen laptop')
  assert.ok(isRevokedBy([serials], await certified('7')))
  assert.ok(isRevokedBy([serials], await certified('11', 'x', otherCa)))
  assert.ok(isRevokedBy([serials], await certified('1', 'stolen laptop')))
  assert.ok(!isRevokedBy([serials], await certified('8')))
  // A certificate without a number has 0, and so have all of those.
  assert.ok(!isRevokedBy([text('serial: 0-5')], await certified('0')))
  assert.ok(isRevokedBy([text(), list], plain(user)), 'any of several lists')
})

test('a line that says nothing known makes the list unusable, and is named', () => {
  const bad = [
    'serial: 9-7',
    'serial: -1',
    'serial: 99999999999999999999',
    'SHA256:short',
    'ssh-ed25519 AAAA',
    'hello',
  ]
  for (const line of bad) {
    const read = readRevocationText(`# fine\n${line}\n`)
    assert.ok(!read.ok, line)
    assert.equal(read.line, 2)
  }
})

test('a binary list that is damaged, cut or of a later kind is unusable; nothing throws', async () => {
  await krl(['serial: 7', 'serial: 100-200', 'id: x', user.line], ca)
  const bytes = readFileSync(join(bench.dir, `krl-${lists}`))
  for (let end = 0; end < bytes.length; end += 1) {
    const read = readKrl(bytes.subarray(0, end))
    // Between two sections a list is whole; shorter ones revoke less, so that only ssh-keygen's own ends count.
    if (read.ok) assert.ok(end > 40)
  }
  const later = Buffer.from(bytes)
  later.writeUInt32BE(2, 8)
  assert.ok(!readKrl(later).ok)
  const unknown = Buffer.concat([bytes, Buffer.from([77, 0, 0, 0, 0])])
  assert.ok(!readKrl(unknown).ok)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const copy = Buffer.from(bytes)
      copy.writeUInt8(value, at)
      readKrl(copy)
    }),
    { numRuns: 3000 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => void readKrl(Buffer.from(noise))))
  fc.assert(fc.property(fc.string(), (noise) => void readRevocationText(noise)))
})

test('fingerprints are those of ssh-keygen -l', async () => {
  assert.equal(fingerprintOf(blobOf(user.line)), user.fingerprint)
})
