// OpenSSH's PROTOCOL.chacha20poly1305: two keys, one for the length field, one for the packet and its MAC.
import { createCipheriv, createSecretKey, timingSafeEqual } from 'node:crypto'
import { FileServerError } from '../../core/errors.ts'
import { createChachaBlocks } from './chacha-block.ts'
import { giveBack } from './output-memory.ts'
import {
  blockOf,
  type CipherKeys,
  LENGTH_FIELD,
  type Opener,
  type Sealer,
  TAG_LENGTH,
} from './packet-crypto.ts'
import { poly1305, polyKey } from './poly1305.ts'

const KEY = 32
/** Above this a cipher of OpenSSL costs less than the blocks of our own. */
const SHORT = 512
/** Counter and nonce, as OpenSSL takes them. */
const IV_LENGTH = 16
/** Block 0 is the MAC's key. */
const FIRST_BLOCK = 1

/** The key of one packet's MAC, for as long as that is computed. */
const oneTime = Buffer.alloc(KEY)

function createParts({ key }: CipherKeys) {
  const blocks = createChachaBlocks(key.subarray(0, KEY))
  const lengths = createChachaBlocks(key.subarray(KEY))
  const secret = createSecretKey(key.subarray(0, KEY))
  const iv = Buffer.alloc(IV_LENGTH)
  iv.writeUInt32LE(FIRST_BLOCK, 0)
  return {
    cryptLength: (field: Buffer, sequence: number) => lengths.apply(field, 0, sequence),
    macOf(message: Buffer, sequence: number): Buffer {
      blocks.apply(oneTime.fill(0), 0, sequence)
      return poly1305(message, secret, sequence, polyKey(oneTime))
    },
    /** Of what it is given, or of its own. */
    crypt(body: Buffer, sequence: number): Buffer {
      if (body.length <= SHORT) {
        blocks.apply(body, FIRST_BLOCK, sequence)
        return body
      }
      iv.writeUInt32BE(sequence, IV_LENGTH - 4)
      return createCipheriv('chacha20', secret, iv).update(body)
    },
  }
}

export function createChachaSealer(keys: CipherKeys): Sealer {
  const { cryptLength, macOf, crypt } = createParts(keys)
  return {
    block: blockOf(keys.name),
    seal(clear, sequence, into) {
      const body = clear.subarray(LENGTH_FIELD)
      const sealed = crypt(body, sequence)
      into.set(clear.subarray(0, LENGTH_FIELD))
      into.set(sealed, LENGTH_FIELD)
      if (sealed !== body) giveBack(sealed)
      cryptLength(into.subarray(0, LENGTH_FIELD), sequence)
      into.set(macOf(into.subarray(0, clear.length), sequence), clear.length)
    },
    free() {},
  }
}

export function createChachaOpener(keys: CipherKeys): Opener {
  const { cryptLength, macOf, crypt } = createParts(keys)
  return {
    block: blockOf(keys.name),
    lengthOf(field, sequence) {
      const clear = Buffer.from(field)
      cryptLength(clear, sequence)
      return clear.readUInt32BE(0)
    },
    open(packet, sequence) {
      const end = packet.length - TAG_LENGTH
      if (!timingSafeEqual(macOf(packet.subarray(0, end), sequence), packet.subarray(end))) {
        throw new FileServerError('protocol.syntax', 'packet with a wrong MAC')
      }
      return crypt(packet.subarray(LENGTH_FIELD, end), sequence)
    },
    free() {},
  }
}
