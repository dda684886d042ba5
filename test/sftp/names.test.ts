import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLsFormat, createLsHead } from '../../src/core/vfs/ls-line.ts'
import type { Entry } from '../../src/core/vfs/storage.ts'
import { createBodyReader } from '../../src/sftp/codec.ts'
import { MAX_NAMES_BYTES } from '../../src/sftp/limits.ts'
import { namesReply } from '../../src/sftp/names.ts'
import { createReplyPool } from '../../src/sftp/reply-pool.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const ID = 0x12345678
const TYPES = { file: 0o100000, directory: 0o040000, symlink: 0o120000, other: 0 } as const

const name = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 255 }),
    fc.constantFrom('文'.repeat(85), 'a\r\nb'),
  )
  .filter((text) => text.isWellFormed())
const entry: fc.Arbitrary<Entry> = fc.record({
  name,
  kind: fc.constantFrom('file', 'directory', 'symlink', 'other'),
  size: fc.oneof(fc.nat(5000), fc.maxSafeNat()),
  mtimeMs: fc.integer({ min: 0, max: 2 ** 32 * 1000 - 1 }),
  atimeMs: fc.integer({ min: 0, max: 2 ** 32 * 1000 - 1 }),
  mode: fc.nat(0o777),
  uid: fc.nat(0xffffffff),
  gid: fc.nat(0xffffffff),
  links: fc.integer({ min: 1, max: 65_000 }),
  device: fc.nat(),
  inode: fc.nat(),
})

/** What a client reads; checks each row against its entry. */
function checkRows(bytes: Buffer, entries: readonly Entry[]): void {
  assert.equal(bytes.readUInt32BE(0), bytes.length - 4)
  assert.equal(bytes[4], 104)
  const body = createBodyReader(bytes, 5)
  assert.equal(body.uint32(), ID)
  assert.equal(body.uint32(), entries.length)
  for (const { name, kind, size, mode, uid, gid, mtimeMs, atimeMs, ...rest } of entries) {
    assert.equal(body.text(), name)
    const whole = { name, kind, size, mode, uid, gid, mtimeMs, atimeMs, ...rest }
    assert.equal(body.text(), createLsFormat(NOW)(whole))
    assert.deepEqual(
      [
        body.uint32(),
        body.uint64(),
        body.uint32(),
        body.uint32(),
        body.uint32(),
        body.uint32(),
        body.uint32(),
      ],
      [0x0f, size, uid, gid, TYPES[kind] | mode, Math.floor(atimeMs / 1000), Math.floor(mtimeMs / 1000)],
    )
  }
  assert.equal(body.remaining, 0)
}

test('replies together hold every entry once, each reply within its bound', () => {
  const pool = createReplyPool()
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 400 }), (entries) => {
      const headOf = createLsHead(NOW)
      for (let rest: readonly Entry[] = entries; rest.length > 0; ) {
        const { reply, count } = namesReply(ID, rest, headOf, pool)
        assert.ok(count > 0)
        assert.ok(reply.bytes.length <= MAX_NAMES_BYTES + 13)
        checkRows(reply.bytes, rest.slice(0, count))
        reply.release?.()
        rest = rest.slice(count)
      }
    }),
    { numRuns: 50 },
  )
})

test('a long list goes into replies of nearly the largest size, in memory that is used again', () => {
  const pool = createReplyPool()
  const [one] = fc.sample(entry, 1)
  assert.ok(one)
  const entries = Array.from({ length: 4000 }, (_, index) => ({ ...one, name: `file-${index}` }))
  const first = namesReply(ID, entries, createLsHead(NOW), pool)
  assert.ok(first.count < 4000 && first.reply.bytes.length > MAX_NAMES_BYTES / 2)
  first.reply.release?.()
  const second = namesReply(ID, entries, createLsHead(NOW), pool)
  assert.equal(second.reply.memory, first.reply.memory)
  checkRows(second.reply.bytes, entries.slice(0, second.count))
})
