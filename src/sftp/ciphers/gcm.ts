// RFC 5647 as aes128-gcm@openssh.com and aes256-gcm@openssh.com: the length field in clear, as associated data.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { FileServerError } from '../../core/errors.ts'
import {
  blockOf,
  type CipherKeys,
  LENGTH_FIELD,
  type Opener,
  type Sealer,
  TAG_LENGTH,
} from './packet-crypto.ts'
import { passed } from './young-memory.ts'

export type GcmName = 'aes-128-gcm' | 'aes-256-gcm'
export type GcmKeys = CipherKeys & Readonly<{ name: GcmName }>

/** Of the 12 bytes; those before it never change. */
const COUNTER_AT = 4

/** A key as an object: given as bytes, it would be set up anew for each packet, which costs more than the packet. */
function prepare({ key, iv }: GcmKeys): { secret: KeyObject; iv: Buffer } {
  return { secret: createSecretKey(key), iv: Buffer.from(iv) }
}

function advance(iv: Buffer): void {
  iv.writeBigUInt64BE(BigInt.asUintN(64, iv.readBigUInt64BE(COUNTER_AT) + 1n), COUNTER_AT)
}

export function createGcmSealer(keys: GcmKeys): Sealer {
  const { secret, iv } = prepare(keys)
  return {
    block: blockOf(keys.name),
    seal(packet) {
      const end = packet.length - TAG_LENGTH
      const cipher = createCipheriv(keys.name, secret, iv)
      cipher.setAAD(packet.subarray(0, LENGTH_FIELD))
      packet.set(cipher.update(packet.subarray(LENGTH_FIELD, end)), LENGTH_FIELD)
      cipher.final()
      packet.set(cipher.getAuthTag(), end)
      advance(iv)
      passed(packet.length)
    },
    free() {},
  }
}

export function createGcmOpener(keys: GcmKeys): Opener {
  const { secret, iv } = prepare(keys)
  return {
    block: blockOf(keys.name),
    lengthOf: (field) => field.readUInt32BE(0),
    open(packet) {
      const end = packet.length - TAG_LENGTH
      const decipher = createDecipheriv(keys.name, secret, iv, { authTagLength: TAG_LENGTH })
      decipher.setAAD(packet.subarray(0, LENGTH_FIELD))
      decipher.setAuthTag(packet.subarray(end))
      const clear = decipher.update(packet.subarray(LENGTH_FIELD, end))
      try {
        decipher.final()
      } catch (cause) {
        throw new FileServerError('protocol.syntax', 'packet with a wrong MAC', { cause })
      }
      advance(iv)
      passed(packet.length)
      return clear
    },
    free() {},
  }
}
