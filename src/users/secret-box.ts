import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'

/**
 * Keeps short secrets readable only with the key file. The user's name is bound to the text, so that a secret copied
 * to another user does not open.
 */
export type SecretBox = {
  seal(user: string, secret: Uint8Array): string
  /** Undefined when the text is damaged, of another user or of another key. */
  open(user: string, text: string): Uint8Array | undefined
}

export type OpenedBox = Readonly<
  { ok: true; box: SecretBox } | { ok: false; message: string; remedy: string }
>

const PREFIX = 'enc:v1:'
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const OTHERS = 0o077

/** What a new key file holds; its mode must be 0600. */
export function makeSecretsKey(): string {
  return `${randomBytes(KEY_BYTES).toString('base64')}\n`
}

function seal(key: Buffer, user: string, secret: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(user, 'utf8'))
  const sealed = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
  return `${PREFIX}${sealed.toString('base64')}`
}

function open(key: Buffer, user: string, text: string): Uint8Array | undefined {
  if (!text.startsWith(PREFIX)) return undefined
  const sealed = Buffer.from(text.slice(PREFIX.length), 'base64')
  if (sealed.length <= NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(user, 'utf8')).setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  } catch {
    return undefined
  }
}

/** The box of a key given as 32 bytes. */
export function createSecretBox(key: Uint8Array): SecretBox {
  const own = Buffer.from(key)
  return { seal: (user, secret) => seal(own, user, secret), open: (user, text) => open(own, user, text) }
}

function readKey(file: string): OpenedBox {
  const descriptor = openSync(file, 'r')
  try {
    const mode = fstatSync(descriptor).mode & 0o777
    if ((mode & OTHERS) !== 0) {
      const message = `The key file ${file} may be read by others (mode ${mode.toString(8).padStart(4, '0')})`
      return { ok: false, message, remedy: `Close it with \`chmod 600 ${file}\`` }
    }
    const key = Buffer.from(readFileSync(descriptor, 'utf8').trim(), 'base64')
    if (key.length === KEY_BYTES) return { ok: true, box: createSecretBox(key) }
    const message = `The key file ${file} does not hold ${KEY_BYTES} bytes in base64`
    return { ok: false, message, remedy: 'Restore it from a backup; without it codes must be enrolled anew' }
  } finally {
    closeSync(descriptor)
  }
}

/** Opens the key file. Refuses one that group or others may read. */
export function openSecretBox(file: string): OpenedBox {
  try {
    return readKey(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const remedy =
      code === 'ENOENT'
        ? 'Restore it from a backup, or let the first start make it'
        : 'Let the account of the server read it'
    return { ok: false, message: `The key file ${file} cannot be read (${code})`, remedy }
  }
}
