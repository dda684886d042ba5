import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { FileServerError } from '../core/errors.ts'
import { readRange } from '../core/transfer/read-range.ts'
import type { TransferNote } from '../core/vfs/session.ts'
import type { ReadHandle } from '../core/vfs/storage.ts'

/** Algorithms of HASH, by their names in the IANA registry of hash function names; the first is what a new login has. */
export const HASH_NAMES = ['SHA-256', 'SHA-512', 'SHA-1', 'MD5'] as const
export type HashName = (typeof HASH_NAMES)[number]
export type DigestName = HashName | 'CRC32'

type Digest = { update(bytes: Uint8Array): void; hex(): string }

export type DigestJob = Readonly<{
  algorithm: DigestName
  /** Bytes; `to` is the first one that does not count, undefined for the end of the file. */
  from: number
  to: number | undefined
  /** The one that `source` was opened for: counts what was read, and knows of a digest that was not told. */
  transfer: { bytes: number; readonly note: TransferNote; throwIfAborted(): void }
}>

/** Reads the range and closes `source` in any case. transfer.bad-offset when the range is not inside the file. */
export async function digestOf(source: ReadHandle, job: DigestJob): Promise<string> {
  const { transfer } = job
  try {
    const { size } = await source.stat()
    const to = job.to ?? size
    if (job.from > to || to > size) throw new FileServerError('transfer.bad-offset')
    const digest = createDigest(job.algorithm)
    await readRange(
      source,
      { from: job.from, to },
      () => transfer.throwIfAborted(),
      (bytes) => {
        digest.update(bytes)
        transfer.bytes += bytes.byteLength
      },
    )
    return digest.hex()
  } catch (error) {
    transfer.note.lost = true
    throw error
  } finally {
    await source.close()
  }
}

function createDigest(algorithm: DigestName): Digest {
  if (algorithm === 'CRC32') return createCrc()
  const hash = createHash(algorithm.replace('-', '').toLowerCase())
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') }
}

function createCrc(): Digest {
  let sum = 0
  return {
    update: (bytes) => {
      sum = crc32(bytes, sum)
    },
    hex: () => sum.toString(16).padStart(8, '0'),
  }
}
