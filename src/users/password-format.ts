import { parseOptions } from '@node-rs/bcrypt'
import { isArgon2 } from '../core/auth/argon2.ts'
import { parseShaCrypt } from './sha-crypt.ts'

/** 656000 is what Python's passlib writes; more than this would keep a CPU busy for seconds at each login. */
export const MAX_SHA_CRYPT_ROUNDS = 1_000_000
/** Each step doubles the work; 14 takes about a second. */
export const MAX_BCRYPT_COST = 14

const BCRYPT = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/
const SHA_CRYPT = /^\$[56]\$/
const CHANGE_IT = 'set a new password with: sallyport user passwd NAME'

export function isShaCrypt(stored: string): boolean {
  return SHA_CRYPT.test(stored)
}

export function isBcrypt(stored: string): boolean {
  return BCRYPT.test(stored)
}

function familyOf(stored: string): string {
  if (stored.startsWith('$1$')) return 'MD5-crypt ($1$) is too weak'
  if (stored.startsWith('$y$')) return 'yescrypt ($y$) is not supported'
  if (/^\$argon2/.test(stored)) return 'this argon2 text is broken, not argon2id, or asks for too much'
  if (/^\$2/.test(stored)) return 'this bcrypt text is broken'
  if (/^[!*]/.test(stored)) return 'a locked password of a shadow file is no hash'
  return 'this is not a password hash; plain passwords are never stored'
}

type Flaw = Readonly<{ message: string; remedy: string }>

function flaw(message: string): Flaw {
  return { message, remedy: CHANGE_IT }
}

function bcryptFlaw(stored: string): Flaw | undefined {
  const cost = Number(BCRYPT.exec(stored)?.[1])
  if (cost > MAX_BCRYPT_COST) return flaw(`a bcrypt cost of ${cost} is above ${MAX_BCRYPT_COST}`)
  try {
    parseOptions(stored)
    return undefined
  } catch {
    return flaw(familyOf(stored))
  }
}

/** Undefined when a login can be checked against the text; else why not, and what to do. */
export function passwordFlaw(stored: string): Flaw | undefined {
  if (isArgon2(stored)) return undefined
  if (isBcrypt(stored)) return bcryptFlaw(stored)
  if (!isShaCrypt(stored)) return flaw(familyOf(stored))
  const parsed = parseShaCrypt(stored)
  if (parsed === undefined) return flaw('this $5$ or $6$ text is broken')
  if (parsed.rounds <= MAX_SHA_CRYPT_ROUNDS) return undefined
  return flaw(`${parsed.rounds} rounds are more than ${MAX_SHA_CRYPT_ROUNDS}`)
}
