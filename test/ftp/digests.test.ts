import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { FileServerError } from '../../src/core/errors.ts'
import type { ReadHandle } from '../../src/core/vfs/storage.ts'
import { type DigestJob, digestOf } from '../../src/ftp/digests.ts'
import { createTransfer } from '../../src/ftp/transfer.ts'

const CONTENT = Buffer.alloc(1_000_003, 'what is to be compared ')

function fileOf(content: Buffer, onRead: (into: Uint8Array) => void = () => undefined) {
  const file = {
    closed: 0,
    size: content.length,
    stat: async () => ({ size: CONTENT.length }) as Awaited<ReturnType<ReadHandle['stat']>>,
    read: (into: Uint8Array, position: number) => {
      onRead(into)
      return content.copy(into, 0, position)
    },
    close: async () => {
      file.closed += 1
    },
  }
  return file
}

function jobOf(changes: Partial<DigestJob> = {}): DigestJob {
  const transfer = createTransfer('HASH', { moved: () => undefined })
  return { algorithm: 'SHA-256', from: 0, to: undefined, transfer, ...changes }
}

describe('digests', () => {
  test('go over many reads, all into the same memory', async () => {
    const memory = new Set<unknown>()
    const file = fileOf(CONTENT, (into) => memory.add(into.buffer))
    assert.equal(await digestOf(file, jobOf()), createHash('sha256').update(CONTENT).digest('hex'))
    const crc = await digestOf(fileOf(CONTENT), jobOf({ algorithm: 'CRC32', from: 7, to: 700_000 }))
    assert.equal(Number.parseInt(crc, 16), crc32(CONTENT.subarray(7, 700_000)))
    assert.equal(memory.size, 1)
    assert.equal(file.closed, 1)
  })

  test('let others have their turn', async () => {
    let turns = 0
    let done = false
    const count = () => {
      turns += 1
      if (!done) setImmediate(count)
    }
    setImmediate(count)
    await digestOf(fileOf(CONTENT), jobOf())
    done = true
    assert.ok(turns >= 3, `${turns} turns`)
  })

  test('stop when aborted, and close the file', async () => {
    const transfer = createTransfer('HASH', { moved: () => undefined })
    let reads = 0
    const file = fileOf(CONTENT, () => {
      reads += 1
      transfer.abort()
    })
    await assert.rejects(digestOf(file, jobOf({ transfer })), { code: 'transfer.aborted' })
    assert.deepEqual([reads, file.closed], [1, 1])
  })

  test('of a file that was cut meanwhile, or cannot be read, are refused, and the file is closed', async () => {
    const cut = fileOf(CONTENT.subarray(0, 5))
    await assert.rejects(digestOf(cut, jobOf()), { code: 'storage.busy' })
    const broken = fileOf(CONTENT, () => {
      throw new FileServerError('storage.failed')
    })
    await assert.rejects(digestOf(broken, jobOf()), { code: 'storage.failed' })
    assert.deepEqual([cut.closed, broken.closed], [1, 1])
  })
})
