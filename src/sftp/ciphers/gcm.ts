// RFC 5647 as aes128-gcm@openssh.com and aes256-gcm@openssh.com: the length field in clear, as associated data.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { FileServerError } from '../../core/errors.ts'
import { giveBack } from './output-memory.ts'
import {
  blockOf,
  type CipherKeys,
  LENGTH_FIELD,
  type Opener,
  type Sealer,
  TAG_LENGTH,
} from './packet-crypto.ts'

export type GcmName = 'aes-128-gcm' | 'aes-256-gcm'
export type GcmKeys = CipherKeys & Readonly<{ name: GcmName }>

/** The length field of the packet that is worked on. */
const field = Buffer.alloc(LENGTH_FIELD)

/** A copy: a view would cost more than the four bytes. */
function fieldOf(packet: Buffer): Buffer {
  for (let at = 0; at < LENGTH_FIELD; at += 1) field[at] = packet[at] ?? 0
  return field
}

/** Of the 12 bytes; those before it never change. */
const COUNTER_AT = 4

/** A key as an object: given as bytes, it would be set up anew for each packet, which costs more than the packet. */
function prepare({ key, iv }: GcmKeys): { secret: KeyObject; iv: Buffer } {
  return { secret: createSecretKey(key), iv: Buffer.from(iv) }
}

/** A big integer would cost more than the bytes one by one, of which it is one in almost all cases. */
function advance(iv: Buffer): void {
  for (let at = iv.length - 1; at >= COUNTER_AT; at -= 1) {
    const next = ((iv[at] ?? 0) + 1) & 0xff
    iv[at] = next
    if (next !== 0) return
  }
}

export function createGcmSealer(keys: GcmKeys): Sealer {
  const { secret, iv } = prepare(keys)
  return {
    block: blockOf(keys.name),
    seal(clear, _sequence, into) {
      const cipher = createCipheriv(keys.name, secret, iv)
      cipher.setAAD(fieldOf(clear))
      const sealed = cipher.update(clear.subarray(LENGTH_FIELD))
      cipher.final()
      into.set(field)
      into.set(sealed, LENGTH_FIELD)
      into.set(cipher.getAuthTag(), clear.length)
      giveBack(sealed)
      advance(iv)
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
      decipher.setAAD(fieldOf(packet))
      decipher.setAuthTag(packet.subarray(end))
      const clear = decipher.update(packet.subarray(LENGTH_FIELD, end))
      try {
        decipher.final()
      } catch (cause) {
        throw new FileServerError('protocol.syntax', 'packet with a wrong MAC', { cause })
      }
      advance(iv)
      return clear
    },
    free() {},
  }
}
