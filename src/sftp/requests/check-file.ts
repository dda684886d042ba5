// draft-ietf-secsh-filexfer-extensions-00, section 3: check-file-handle, check-file-name
import { createHash, type Hash } from 'node:crypto'
import { FileServerError } from '../../core/errors.ts'
import { readRange } from '../../core/transfer/read-range.ts'
import { type Field, string } from '../codec.ts'
import { contentSize, readable, type Source } from '../handles.ts'
import { MAX_DATA } from '../limits.ts'
import { extended, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

/** Those that the draft names and that FTP's HASH has too, each with its bytes. */
const DIGEST_BYTES: ReadonlyMap<string, number> = new Map([
  ['sha256', 32],
  ['sha512', 64],
  ['sha1', 20],
  ['md5', 16],
])
/** The draft's lower limit for a block, beside 0, which means the range as a whole. */
const SMALLEST_BLOCK = 256

type Wanted = Readonly<{ algorithm: string; bytes: number; from: number; length: number; block: number }>

/** `check-file` is what paramiko calls it. */
export async function checkFileHandle(request: Request): Promise<Reply> {
  const open = request.context.handles.get(request.body)
  return check(request, readable(open), await contentSize(open))
}

export async function checkFileName(request: Request): Promise<Reply> {
  const file = await request.context.files.openRead(readPath(request))
  try {
    return await check(request, file, (await file.stat()).size)
  } finally {
    await file.close()
  }
}

async function check({ id, body, context }: Request, source: Source, size: number): Promise<Reply> {
  const wanted = readWanted(body)
  const to = wanted.length === 0 ? size : Math.min(wanted.from + wanted.length, size)
  if (wanted.from > to) throw new FileServerError('transfer.bad-offset')
  const digests = new BlockDigests(wanted.algorithm, wanted.block === 0 ? Infinity : wanted.block)
  const count = Math.ceil((to - wanted.from) / digests.size)
  if (count * wanted.bytes > MAX_DATA) throw new FileServerError('protocol.syntax', 'too many blocks')
  if (to > wanted.from) {
    await readRange(
      source,
      { from: wanted.from, to },
      () => context.checkOpen(),
      (bytes) => digests.add(bytes),
    )
  }
  return extended(id, string('check-file'), string(wanted.algorithm), raw(digests.finish()))
}

function readWanted(body: Request['body']): Wanted {
  const names = body.string().toString('latin1').split(',')
  const algorithm = names.find((name) => DIGEST_BYTES.has(name))
  const from = body.uint64()
  const length = body.uint64()
  const block = body.uint32()
  if (algorithm === undefined) throw new FileServerError('storage.unsupported', 'no digest in common')
  if (block !== 0 && block < SMALLEST_BLOCK) throw new FileServerError('protocol.syntax', 'block too small')
  return { algorithm, bytes: DIGEST_BYTES.get(algorithm) ?? 0, from, length, block }
}

/** One digest for each `size` bytes; content without bytes has one digest, that of nothing. */
class BlockDigests {
  readonly size: number
  readonly #algorithm: string
  readonly #done: Buffer[] = []
  #hash: Hash
  #room: number

  constructor(algorithm: string, size: number) {
    this.#algorithm = algorithm
    this.size = size
    this.#hash = createHash(algorithm)
    this.#room = size
  }

  add(bytes: Uint8Array): void {
    let rest = bytes
    while (rest.byteLength > 0) {
      if (this.#room === 0) this.#next()
      const part = rest.byteLength > this.#room ? rest.subarray(0, this.#room) : rest
      this.#hash.update(part)
      this.#room -= part.byteLength
      rest = rest.subarray(part.byteLength)
    }
  }

  finish(): Buffer {
    return Buffer.concat([...this.#done, this.#hash.digest()])
  }

  #next(): void {
    this.#done.push(this.#hash.digest())
    this.#hash = createHash(this.#algorithm)
    this.#room = this.size
  }
}

/** Bytes without a length: what stands last in a packet ends with it. */
function raw(bytes: Buffer): Field {
  return { size: bytes.length, put: (into, at) => into.set(bytes, at) }
}
