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

const beginTogether = (one: Buffer, other: Buffer): boolean =>
  one.byteOffset === other.byteOffset && one.buffer === other.buffer

/** Never may a packet go out as it is. */
function sealed(result: number): number {
  if (result < 0) throw new FileServerError('internal', 'packet not encrypted')
  return result
}

/** Classes: V8 learns nothing from the closures of one connection for those of the next. */
class NativeKeys {
  readonly block: number
  protected readonly native: NativeCiphers
  protected readonly secret: object

  constructor(native: NativeCiphers, secret: object, block: number) {
    this.native = native
    this.secret = secret
    this.block = block
  }

  free(): void {
    this.native.freePacketKeys(this.secret)
  }
}

class NativeSealer extends NativeKeys implements Sealer {
  seal(clear: Buffer, sequence: number, into: Buffer): void {
    if (!beginTogether(clear, into)) into.set(clear)
    sealed(this.native.sealPacket(this.secret, into, sequence))
  }

  sealAndSend(memory: Buffer, length: number, sequence: number, socket: number): number {
    return sealed(this.native.sealAndSend(this.secret, memory, length, sequence, socket))
  }
}

class NativeOpener extends NativeKeys implements Opener {
  lengthOf(field: Buffer, sequence: number): number {
    return this.native.packetLength(this.secret, field, sequence)
  }

  open(packet: Buffer, sequence: number): Buffer {
    if (this.native.openPacket(this.secret, packet, sequence) < 0) {
      throw new FileServerError('protocol.syntax', 'packet with a wrong MAC')
    }
    return packet.subarray(LENGTH_FIELD, packet.length - TAG_LENGTH)
  }

  openRun(data: Buffer, from: number, to: number, sequence: number, places: Uint32Array): number {
    const count = this.native.openPackets(this.secret, data, from, to, sequence, places)
    if (count < 0) throw new FileServerError('protocol.syntax', 'packet with a wrong MAC or length')
    return count
  }
}

/** Undefined where Node's OpenSSL has no such cipher or cannot be reached. */
export function createNativeSealer(native: NativeCiphers, keys: CipherKeys): Sealer | undefined {
  const secret = create(native, keys)
  return secret && new NativeSealer(native, secret, blockOf(keys.name))
}

/** As above. Opens packets where they lie. */
export function createNativeOpener(native: NativeCiphers, keys: CipherKeys): Opener | undefined {
  const secret = create(native, keys)
  return secret && new NativeOpener(native, secret, blockOf(keys.name))
}

/** Whether this Node's OpenSSL can be reached from the addon. */
export function nativeCiphersWork(native: NativeCiphers): boolean {
  const keys = create(native, { name: 'aes-128-gcm', key: Buffer.alloc(16), iv: Buffer.alloc(12) })
  if (keys !== undefined) native.freePacketKeys(keys)
  return keys !== undefined
}
