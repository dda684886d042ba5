import { FileServerError } from '../core/errors.ts'
import { type BufferPool, createBufferPool } from './buffer-pool.ts'
import { MAX_PACKET } from './limits.ts'

/** Room for many requests without a payload. */
const SMALL_BLOCK = 4 * 1024
const SMALL_KEPT = 64
const LENGTH_FIELD = 4
/** Room for one WRITE of the largest size, or eight of the usual 32 KiB with their headers. */
export const LARGE_BLOCK = MAX_PACKET + SMALL_BLOCK
const LARGE_KEPT = 16
/** Large blocks of one connection; a request that does not end holds all of its block. */
const LARGE_HELD = 8

export type InputPools = Readonly<{ small: BufferPool; large: BufferPool }>

export function createInputPools(): InputPools {
  return {
    small: createBufferPool(SMALL_BLOCK, SMALL_KEPT),
    large: createBufferPool(LARGE_BLOCK, LARGE_KEPT),
  }
}

/** What the channels of one connection have together. */
export type InputRoom = {
  readonly pools: InputPools
  largeHeld: number
  /** Memory of all blocks in use, full or not. */
  held: number
  /** Hears when some of it came back. */
  guard: { goOn(): void } | undefined
}

export function createInputRoom(pools: InputPools): InputRoom {
  return { pools, largeHeld: 0, held: 0, guard: undefined }
}

/** `taken` packets stand before `start`, whole ones and at most one unfinished one between `start` and `end`. */
type Block = {
  readonly bytes: Buffer
  readonly pool: BufferPool | undefined
  start: number
  end: number
  taken: number
}

/** The body of one packet, its length field taken off: what stands between `from` and `to`, until the queue is given it back. */
export type RawPacket = {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  block: Block | undefined
}

/** Of the packet that a block goes on with; undefined when it is not all there. */
function wholeSize(block: Block): number | undefined {
  const size = block.bytes.readUInt32BE(block.start)
  return block.start + LENGTH_FIELD + size > block.end ? undefined : size
}

/** Shared by all queues: a length field is told from its bytes at once, or kept as a number. */
const LENGTH_BYTES = Buffer.alloc(LENGTH_FIELD)

/**
 * Bytes of a channel that no request has taken yet. Bounded by the channel's window, which its owner polices. Each packet
 * stands in one piece, its bytes copied once: WRITEs then go to the file as they are, whatever the SSH packets were, and a
 * flood of tiny requests costs its bytes and not an object each.
 */
export class InputQueue {
  readonly #room: InputRoom
  /** Undefined while nothing is here. */
  #blocks: Block[] | undefined
  /** The last of them, where what comes goes. */
  #filling: Block | undefined
  /** What has come of a length field, and of how many bytes that is. */
  #lengthField = 0
  #lengthSeen = 0
  #missing = 0
  #length = 0
  #impossible: number | undefined

  constructor(room: InputRoom) {
    this.#room = room
  }

  get length(): number {
    return this.#length
  }

  /** `next` has a packet. */
  get ready(): boolean {
    const block = this.#front()
    return block !== undefined && wholeSize(block) !== undefined
  }

  /** Copies: what is pushed may lie in a buffer that is used again. */
  push(bytes: Buffer, from: number, to: number): void {
    if (this.#impossible !== undefined) return
    this.#length += to - from
    for (let at = from; at < to && this.#impossible === undefined; ) {
      at += this.#missing === 0 ? this.#begin(bytes, at, to) : this.#fill(bytes, at, to)
    }
  }

  /** The next whole packet; undefined until it is all there. Throws protocol.syntax for an impossible length. */
  next(): RawPacket | undefined {
    const block = this.#front()
    if (block !== undefined) return this.#take(block)
    if (this.#impossible !== undefined)
      throw new FileServerError('protocol.syntax', `packet of ${this.#impossible} bytes`)
    return undefined
  }

  /** Ends the use of its bytes; a second time does nothing. */
  release(packet: RawPacket): void {
    const { block } = packet
    if (block === undefined) return
    packet.block = undefined
    block.taken -= 1
    if (block.taken === 0) this.#tidy(block)
  }

  clear(): void {
    const blocks = this.#blocks ?? []
    this.#blocks = undefined
    this.#filling = undefined
    // Blocks that requests still use come back with the last of these.
    for (const block of blocks) if (block.taken === 0) this.#giveBack(block)
    this.#length = 0
    this.#missing = 0
    this.#lengthSeen = 0
  }

  #giveBack({ bytes, pool }: Block): void {
    const room = this.#room
    pool?.give(bytes)
    if (pool === room.pools.large) room.largeHeld -= 1
    room.held -= bytes.length
    room.guard?.goOn()
  }

  /** Nothing is kept for a channel that has no unfinished packet. */
  #tidy(block: Block): void {
    const blocks = this.#blocks ?? []
    const index = blocks.indexOf(block)
    const isFilling = block === this.#filling
    if (index >= 0 && (block.start < block.end || (isFilling && this.#missing > 0))) return
    if (isFilling) this.#filling = undefined
    if (index >= 0 && blocks.length > 1) blocks.splice(index, 1)
    else if (index >= 0) this.#blocks = undefined
    this.#giveBack(block)
  }

  #poolFor(size: number): BufferPool | undefined {
    const room = this.#room
    const { small, large } = room.pools
    const many = size > SMALL_BLOCK || this.#length > SMALL_BLOCK
    if (many && room.largeHeld < LARGE_HELD) {
      room.largeHeld += 1
      return large
    }
    return size <= SMALL_BLOCK ? small : undefined
  }

  #blockFor(size: number): Block {
    const last = this.#filling
    if (last !== undefined && last.bytes.length - last.end >= size) return last
    const pool = this.#poolFor(size)
    const bytes = pool?.take() ?? Buffer.allocUnsafeSlow(size)
    const block = { bytes, pool, start: 0, end: 0, taken: 0 }
    this.#room.held += block.bytes.length
    if (this.#blocks === undefined) this.#blocks = [block]
    else this.#blocks.push(block)
    this.#filling = block
    return block
  }

  /** Reads the length field, and finds the packet a place; returns the bytes used. */
  #begin(bytes: Buffer, from: number, to: number): number {
    if (this.#lengthSeen > 0 || to - from < LENGTH_FIELD) return this.#gatherLength(bytes, from, to)
    this.#place(bytes.readUInt32BE(from))
    return LENGTH_FIELD
  }

  /** The same for a length field that comes in pieces. */
  #gatherLength(bytes: Buffer, from: number, to: number): number {
    const count = Math.min(LENGTH_FIELD - this.#lengthSeen, to - from)
    LENGTH_BYTES.writeUInt32BE(this.#lengthField)
    bytes.copy(LENGTH_BYTES, this.#lengthSeen, from, from + count)
    this.#lengthSeen += count
    const size = LENGTH_BYTES.readUInt32BE(0)
    this.#lengthField = size
    if (this.#lengthSeen < LENGTH_FIELD) return count
    this.#lengthSeen = 0
    this.#place(size)
    return count
  }

  #place(size: number): void {
    if (size === 0 || size > MAX_PACKET) {
      this.#impossible = size
      return
    }
    const block = this.#blockFor(LENGTH_FIELD + size)
    block.bytes.writeUInt32BE(size, block.end)
    block.end += LENGTH_FIELD
    this.#missing = size
  }

  #fill(bytes: Buffer, from: number, to: number): number {
    const block = this.#filling
    if (block === undefined) return 0
    const count = Math.min(this.#missing, to - from)
    bytes.copy(block.bytes, block.end, from, from + count)
    block.end += count
    this.#missing -= count
    return count
  }

  #front(): Block | undefined {
    if (this.#blocks === undefined) return undefined
    for (const block of this.#blocks) if (block.start < block.end) return block
    return undefined
  }

  #take(block: Block): RawPacket | undefined {
    const size = wholeSize(block)
    if (size === undefined) return undefined
    const from = block.start + LENGTH_FIELD
    block.start = from + size
    block.taken += 1
    this.#length -= LENGTH_FIELD + size
    return { bytes: block.bytes, from, to: block.start, block }
  }
}
