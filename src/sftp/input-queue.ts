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

/** The body of one packet, its length field taken off. `release` ends its use, once. */
export type RawPacket = Readonly<{ bytes: Buffer; release: () => void }>

/** Bytes of a channel that no request has taken yet. Bounded by the channel's window, which its owner polices. */
export type InputQueue = {
  /** Copies: what is pushed may be a view of a buffer that is used again. */
  push(piece: Buffer): void
  /** The next whole packet; undefined until it is all there. Throws protocol.syntax for an impossible length. */
  next(): RawPacket | undefined
  readonly length: number
  /** `next` has a packet. */
  readonly ready: boolean
  clear(): void
}

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
  /** Some of it came back. */
  onFreed: () => void
}

export function createInputRoom(pools: InputPools): InputRoom {
  return { pools, largeHeld: 0, held: 0, onFreed: () => {} }
}

/** `taken` packets stand before `start`, whole ones and at most one unfinished one between `start` and `end`. */
type Block = {
  readonly bytes: Buffer
  readonly pool: BufferPool | undefined
  start: number
  end: number
  taken: number
}

/**
 * Each packet stands in one piece, its bytes copied once: WRITEs then go to the file as they are, whatever the SSH
 * packets were, and a flood of tiny requests costs its bytes and not an object each.
 */
export function createInputQueue(room: InputRoom): InputQueue {
  const blocks: Block[] = []
  const lengthField = Buffer.alloc(LENGTH_FIELD)
  let lengthSeen = 0
  let missing = 0
  let length = 0
  let impossible: number | undefined

  function giveBack({ bytes, pool }: Block): void {
    pool?.give(bytes)
    if (pool === room.pools.large) room.largeHeld -= 1
    room.held -= bytes.length
    room.onFreed()
  }

  /** Nothing is kept for a channel that has no unfinished packet. */
  function tidy(block: Block): void {
    if (block.taken > 0) return
    const index = blocks.indexOf(block)
    const filling = missing > 0 && index === blocks.length - 1
    if (index >= 0 && (block.start < block.end || filling)) return
    if (index >= 0) blocks.splice(index, 1)
    giveBack(block)
  }

  function newBlock(size: number): Block {
    const { small, large } = room.pools
    const many = size > SMALL_BLOCK || length > SMALL_BLOCK
    const ends = { start: 0, end: 0, taken: 0 }
    if (many && room.largeHeld < LARGE_HELD) {
      room.largeHeld += 1
      return { bytes: large.take(), pool: large, ...ends }
    }
    if (size <= SMALL_BLOCK) return { bytes: small.take(), pool: small, ...ends }
    return { bytes: Buffer.allocUnsafeSlow(size), pool: undefined, ...ends }
  }

  function blockFor(size: number): Block {
    const last = blocks.at(-1)
    if (last !== undefined && last.bytes.length - last.end >= size) return last
    const block = newBlock(size)
    room.held += block.bytes.length
    blocks.push(block)
    return block
  }

  /** Reads the length field, which may come in pieces, and finds the packet a place; returns the bytes used. */
  function begin(piece: Buffer, from: number): number {
    const count = Math.min(LENGTH_FIELD - lengthSeen, piece.length - from)
    piece.copy(lengthField, lengthSeen, from, from + count)
    lengthSeen += count
    if (lengthSeen < LENGTH_FIELD) return count
    lengthSeen = 0
    const size = lengthField.readUInt32BE(0)
    if (size === 0 || size > MAX_PACKET) {
      impossible = size
      return count
    }
    const block = blockFor(LENGTH_FIELD + size)
    block.bytes.set(lengthField, block.end)
    block.end += LENGTH_FIELD
    missing = size
    return count
  }

  function fill(piece: Buffer, from: number): number {
    const block = blocks.at(-1)
    if (block === undefined) return 0
    const count = Math.min(missing, piece.length - from)
    piece.copy(block.bytes, block.end, from, from + count)
    block.end += count
    missing -= count
    return count
  }

  function front(): Block | undefined {
    for (const block of blocks) if (block.start < block.end) return block
    return undefined
  }

  /** Of the packet that a block goes on with; undefined when it is not all there. */
  function wholeSize(block: Block): number | undefined {
    const size = block.bytes.readUInt32BE(block.start)
    return block.start + LENGTH_FIELD + size > block.end ? undefined : size
  }

  function take(block: Block): RawPacket | undefined {
    const size = wholeSize(block)
    if (size === undefined) return undefined
    const from = block.start + LENGTH_FIELD
    block.start = from + size
    block.taken += 1
    length -= LENGTH_FIELD + size
    let released = false
    return {
      bytes: block.bytes.subarray(from, block.start),
      release() {
        if (released) return
        released = true
        block.taken -= 1
        tidy(block)
      },
    }
  }

  return {
    get length() {
      return length
    },
    get ready() {
      const block = front()
      return block !== undefined && wholeSize(block) !== undefined
    },
    push(piece) {
      if (impossible !== undefined) return
      length += piece.length
      for (let at = 0; at < piece.length && impossible === undefined; ) {
        at += missing === 0 ? begin(piece, at) : fill(piece, at)
      }
    },
    next() {
      const block = front()
      if (block !== undefined) return take(block)
      if (impossible !== undefined)
        throw new FileServerError('protocol.syntax', `packet of ${impossible} bytes`)
      return undefined
    },
    clear() {
      // Blocks that requests still use come back with the last of these.
      for (const block of blocks.splice(0)) if (block.taken === 0) giveBack(block)
      length = 0
      missing = 0
      lengthSeen = 0
    },
  }
}
