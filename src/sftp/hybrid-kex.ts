// draft-ietf-sshm-mlkem-hybrid-kex, section 2: mlkem768x25519-sha256, the server's side.
import {
  createHash,
  createPublicKey,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { FileServerError } from '../core/errors.ts'

const MLKEM_KEY = 1184
const X25519_KEY = 32

/** SubjectPublicKeyInfo in front of a bare key (RFC 9935 and RFC 8410): node:crypto reads no bare ones. */
const MLKEM_INFO = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex')
const X25519_INFO = Buffer.from('302a300506032b656e032100', 'hex')

function publicKey(info: Buffer, bytes: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([info, bytes]), format: 'der', type: 'spki' })
}

export type HybridAnswer = Readonly<{
  /** S_REPLY: the ciphertext, then the server's X25519 key. */
  reply: Buffer
  /** K, which goes into hashes as a string and not as an mpint. */
  secret: Buffer
}>

/**
 * Answers C_INIT. Throws for one that the draft says to abort at: a wrong length, an ML-KEM key that fails the check of
 * FIPS 203 section 7.2, an X25519 key that leads to zero. OpenSSL makes the last two checks.
 */
export function answerHybrid(init: Buffer): HybridAnswer {
  if (init.length !== MLKEM_KEY + X25519_KEY) {
    throw new FileServerError('protocol.syntax', `C_INIT has ${init.length} bytes`)
  }
  const { sharedKey, ciphertext } = encapsulate(publicKey(MLKEM_INFO, init.subarray(0, MLKEM_KEY)))
  const own = generateKeyPairSync('x25519')
  const classical = diffieHellman({
    privateKey: own.privateKey,
    publicKey: publicKey(X25519_INFO, init.subarray(MLKEM_KEY)),
  })
  const shown = own.publicKey.export({ type: 'spki', format: 'der' }).subarray(X25519_INFO.length)
  return {
    reply: Buffer.concat([ciphertext, shown]),
    secret: createHash('sha256').update(sharedKey).update(classical).digest(),
  }
}
