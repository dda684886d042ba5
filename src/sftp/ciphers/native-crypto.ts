// The packet ciphers in machine code: nothing is copied, and no packet leaves garbage behind.
import { FileServerError } from '../../core/errors.ts'
import {
  blockOf,
  type CipherKeys,
  type CipherName,
  LENGTH_FIELD,
  type Opener,
  type Sealer,
  TAG_LENGTH,
} from './packet-crypto.ts'

/** Functions of the addon in `native/`; each answers with a number, of which a negative one says that it failed. */
export type NativeCiphers = Readonly<{
  createPacketKeys(cipher: number, key: Uint8Array, iv: Uint8Array): object | null
  sealPacket(keys: object, packet: Uint8Array, sequence: number): number
  sealAndSend(keys: object, memory: Uint8Array, length: number, sequence: number, socket: number): number
  openPacket(keys: object, packet: Uint8Array, sequence: number): number
  openPackets(
    keys: object,
    bytes: Uint8Array,
    from: number,
    to: number,
    sequence: number,
    places: Uint32Array,
  ): number
  packetLength(keys: object, field: Uint8Array, sequence: number): number
  freePacketKeys(keys: object): number
}>

/** The order of native/src/packet-cipher.c. */
const CIPHERS: readonly CipherName[] = ['aes-128-gcm', 'aes-256-gcm', 'chacha20']

const create = (native: NativeCiphers, { name, key, iv }: CipherKeys): object | undefined =>
  native.createPacketKeys(CIPHERS.indexOf(name), key, iv) ?? undefined

/** Never may a packet go out as it is. */
function sealed(result: number): number {
  if (result < 0) throw new FileServerError('internal', 'packet not encrypted')
  return result
}

/** Undefined where Node's OpenSSL has no such cipher or cannot be reached. */
export function createNativeSealer(native: NativeCiphers, keys: CipherKeys): Sealer | undefined {
  const secret = create(native, keys)
  if (secret === undefined) return undefined
  return {
    block: blockOf(keys.name),
    seal(packet, sequence) {
      sealed(native.sealPacket(secret, packet, sequence))
    },
    sealAndSend: (memory, length, sequence, socket) =>
      sealed(native.sealAndSend(secret, memory, length, sequence, socket)),
    free: () => void native.freePacketKeys(secret),
  }
}

/** As above. Opens packets where they lie. */
export function createNativeOpener(native: NativeCiphers, keys: CipherKeys): Opener | undefined {
  const secret = create(native, keys)
  if (secret === undefined) return undefined
  return {
    block: blockOf(keys.name),
    lengthOf: (field, sequence) => native.packetLength(secret, field, sequence),
    open(packet, sequence) {
      if (native.openPacket(secret, packet, sequence) < 0) {
        throw new FileServerError('protocol.syntax', 'packet with a wrong MAC')
      }
      return packet.subarray(LENGTH_FIELD, packet.length - TAG_LENGTH)
    },
    openRun(data, from, to, sequence, places) {
      const count = native.openPackets(secret, data, from, to, sequence, places)
      if (count < 0) throw new FileServerError('protocol.syntax', 'packet with a wrong MAC or length')
      return count
    },
    free: () => void native.freePacketKeys(secret),
  }
}

/** Whether this Node's OpenSSL can be reached from the addon. */
export function nativeCiphersWork(native: NativeCiphers): boolean {
  const keys = create(native, { name: 'aes-128-gcm', key: Buffer.alloc(16), iv: Buffer.alloc(12) })
  if (keys !== undefined) native.freePacketKeys(keys)
  return keys !== undefined
}
