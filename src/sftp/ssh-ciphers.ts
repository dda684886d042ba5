// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: ciphers of ours in place of its own.
import { createChachaOpener, createChachaSealer } from './ciphers/chacha-poly.ts'
import { createGcmOpener, createGcmSealer, type GcmKeys, type GcmName } from './ciphers/gcm.ts'
import { createNativeOpener, createNativeSealer, type NativeCiphers } from './ciphers/native-crypto.ts'
import type { CipherKeys, Opener, Sealer } from './ciphers/packet-crypto.ts'
import { SshCipher } from './ciphers/ssh-cipher.ts'
import { SshDecipher } from './ciphers/ssh-decipher.ts'
import { has } from './shapes.ts'
import { unpoolParts } from './ssh-memory.ts'
import { type Exchange, exchangeCiphers } from './ssh2.ts'

type Outbound = { outSeqno: number; _onWrite: SshCipher['_onWrite'] }
type Inbound = { inSeqno: number; _onPayload: SshDecipher['_onPayload'] }

const GCM = /^aes-(?:128|256)-gcm$/
const isGcm = (value: unknown): value is GcmName => typeof value === 'string' && GCM.test(value)

function isOutbound(value: unknown): value is Outbound {
  return has(value, 'number', 'outSeqno') && has(value, 'function', '_onWrite')
}

function isInbound(value: unknown): value is Inbound {
  return has(value, 'number', 'inSeqno') && has(value, 'function', '_onPayload')
}

/** Where ssh2's own ciphers keep their keys. Of chacha20: the packet's, the length field's. */
type Places = Readonly<{ name: string; key: string; iv: string; chacha: readonly [string, string] }>
const OUTBOUND: Places = {
  ...{ name: '_encSSLName', key: '_encKey', iv: '_encIV' },
  chacha: ['_encKeyMain', '_encKeyPktLen'],
}
const INBOUND: Places = {
  ...{ name: '_decipherSSLName', key: '_decipherKey', iv: '_decipherIV' },
  chacha: ['_decKeyMain', '_decKeyPktLen'],
}

function keysOf(cipher: object, places: Places): CipherKeys | undefined {
  const [name, key, iv] = [places.name, places.key, places.iv].map((place) => Reflect.get(cipher, place))
  if (isGcm(name) && Buffer.isBuffer(key) && Buffer.isBuffer(iv)) return { name, key, iv }
  const [main, lengths] = places.chacha.map((place) => Reflect.get(cipher, place))
  if (!Buffer.isBuffer(main) || !Buffer.isBuffer(lengths)) return undefined
  const both = Buffer.concat([main, lengths])
  for (const wiped of [main, lengths]) wiped.fill(0)
  return { name: 'chacha20', key: both, iv: Buffer.alloc(0) }
}

/** The sealer or opener of these keys, in machine code if it can be; the keys are wiped. */
function take<Crypto>(
  keys: CipherKeys,
  native: ((keys: CipherKeys) => Crypto | undefined) | undefined,
  pure: (keys: CipherKeys) => Crypto,
): Crypto {
  const crypto = native?.(keys) ?? pure(keys)
  keys.key.fill(0)
  return crypto
}

const isGcmKeys = (keys: CipherKeys): keys is GcmKeys => isGcm(keys.name)
const pureSealer = (keys: CipherKeys): Sealer =>
  isGcmKeys(keys) ? createGcmSealer(keys) : createChachaSealer(keys)
const pureOpener = (keys: CipherKeys): Opener =>
  isGcmKeys(keys) ? createGcmOpener(keys) : createChachaOpener(keys)

/** Ours in place of one that ssh2 made; the one it made where ours does not fit. */
export function ownCipher(cipher: unknown, native: NativeCiphers | undefined): unknown {
  const keys = isOutbound(cipher) ? keysOf(cipher, OUTBOUND) : undefined
  if (keys === undefined || !isOutbound(cipher)) return cipher
  const sealer = take(keys, native && ((given) => createNativeSealer(native, given)), pureSealer)
  return new SshCipher(sealer, cipher.outSeqno, cipher._onWrite)
}

/** In place of what was freed: to use it throws, and ends the connection that is dead already. */
const FREED = Object.freeze({ free() {} })

/** ssh2 goes on with the next packet of a read where a key exchange has failed and freed its decipher. */
function deadWhenFreed(decipher: unknown): unknown {
  if (!has(decipher, 'function', 'free', 'decrypt')) return decipher
  const made = Object(decipher)
  const free: unknown = Reflect.get(made, 'free')
  Reflect.set(made, 'free', () => {
    if (typeof free === 'function') Reflect.apply(free, made, [])
    Reflect.set(made, '_decipherInstance', FREED)
  })
  return made
}

export function ownDecipher(decipher: unknown, native: NativeCiphers | undefined): unknown {
  const keys = isInbound(decipher) ? keysOf(decipher, INBOUND) : undefined
  if (keys === undefined || !isInbound(decipher)) return deadWhenFreed(decipher)
  const opener = take(keys, native && ((given) => createNativeOpener(native, given)), pureOpener)
  return new SshDecipher(opener, decipher.inSeqno, decipher._onPayload)
}

function exchangeWith(native: NativeCiphers | undefined): Exchange {
  const alone = (made: unknown): unknown => {
    unpoolParts(made)
    return made
  }
  return {
    cipher: (made) => alone(ownCipher(made, native)),
    decipher: (made) => alone(ownDecipher(made, native)),
  }
}

/** One for all connections: a few functions for each of thousands come to something. */
const exchanges = new Map<NativeCiphers | undefined, Exchange>()

/**
 * ssh2 sets a cipher up from its key three times a packet, and takes its MAC in WebAssembly: two to four times what OpenSSH
 * costs. Ours cost less than OpenSSH, in machine code half.
 */
export function useOwnCiphers(protocol: object, native: NativeCiphers | undefined): void {
  const known = exchanges.get(native) ?? exchangeWith(native)
  exchanges.set(native, known)
  exchangeCiphers(protocol, known)
}
