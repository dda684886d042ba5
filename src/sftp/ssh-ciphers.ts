// With ssh-internals.ts and ssh-packets.ts all that knows how ssh2 1.17 looks inside: the ciphers it has without its addon.
import { createChachaOpener, createChachaSealer } from './ciphers/chacha-poly.ts'
import { createGcmOpener, createGcmSealer, type GcmName } from './ciphers/gcm.ts'
import type { Opener, Sealer } from './ciphers/packet-crypto.ts'
import { SshCipher } from './ciphers/ssh-cipher.ts'
import { SshDecipher } from './ciphers/ssh-decipher.ts'

type Outbound = { outSeqno: number; _onWrite: SshCipher['_onWrite'] }
type Inbound = { inSeqno: number; _onPayload: SshDecipher['_onPayload'] }

const GCM = /^aes-(?:128|256)-gcm$/
const isGcm = (value: unknown): value is GcmName => typeof value === 'string' && GCM.test(value)

const has = (value: object, type: string, ...names: string[]): boolean =>
  names.every((name) => typeof Reflect.get(value, name) === type)

function isOutbound(value: unknown): value is Outbound {
  return (
    typeof value === 'object' &&
    value !== null &&
    has(value, 'number', 'outSeqno') &&
    has(value, 'function', '_onWrite')
  )
}

function isInbound(value: unknown): value is Inbound {
  return (
    typeof value === 'object' &&
    value !== null &&
    has(value, 'number', 'inSeqno') &&
    has(value, 'function', '_onPayload')
  )
}

/** ssh2's own ciphers for `aes*-gcm` and chacha20 keep their keys under these names; those of its addon show none. */
function sealerFor(cipher: object): Sealer | undefined {
  const [name, gcmKey, iv] = ['_encSSLName', '_encKey', '_encIV'].map((key) => Reflect.get(cipher, key))
  if (isGcm(name) && Buffer.isBuffer(gcmKey) && Buffer.isBuffer(iv)) {
    return createGcmSealer({ name, key: gcmKey, iv })
  }
  const [main, lengths] = ['_encKeyMain', '_encKeyPktLen'].map((key) => Reflect.get(cipher, key))
  if (!Buffer.isBuffer(main) || !Buffer.isBuffer(lengths)) return undefined
  return createChachaSealer(Buffer.concat([main, lengths]))
}

function openerFor(decipher: object): Opener | undefined {
  const [name, gcmKey, iv] = ['_decipherSSLName', '_decipherKey', '_decipherIV'].map((key) =>
    Reflect.get(decipher, key),
  )
  if (isGcm(name) && Buffer.isBuffer(gcmKey) && Buffer.isBuffer(iv)) {
    return createGcmOpener({ name, key: gcmKey, iv })
  }
  const [main, lengths] = ['_decKeyMain', '_decKeyPktLen'].map((key) => Reflect.get(decipher, key))
  if (!Buffer.isBuffer(main) || !Buffer.isBuffer(lengths)) return undefined
  return createChachaOpener(Buffer.concat([main, lengths]))
}

/** Ours in place of one that ssh2 made; the one it made where ours does not fit. */
export function ownCipher(cipher: unknown): unknown {
  const sealer = isOutbound(cipher) ? sealerFor(cipher) : undefined
  if (sealer === undefined || !isOutbound(cipher)) return cipher
  return new SshCipher(sealer, cipher.outSeqno, cipher._onWrite)
}

export function ownDecipher(decipher: unknown): unknown {
  const opener = isInbound(decipher) ? openerFor(decipher) : undefined
  if (opener === undefined || !isInbound(decipher)) return decipher
  return new SshDecipher(opener, decipher.inSeqno, decipher._onPayload)
}

/** Exchanges what `protocol` is given under this name, from its first packet under new keys on. */
function exchange(protocol: object, name: string, own: (value: unknown) => unknown): void {
  let current: unknown = Reflect.get(protocol, name)
  Object.defineProperty(protocol, name, {
    get: () => current,
    set(value: unknown) {
      current = own(value)
    },
    enumerable: true,
    configurable: true,
  })
}

/**
 * Without its addon ssh2 sets a cipher up from its key three times a packet, and takes its MAC in WebAssembly: two to
 * four times what OpenSSH costs. Ours cost less than OpenSSH. With its addon, nothing is exchanged.
 */
export function useOwnCiphers(protocol: object): void {
  exchange(protocol, '_cipher', ownCipher)
  exchange(protocol, '_decipher', ownDecipher)
}
