import type { AlgorithmLists } from './algorithms.ts'
import { createBodyReader } from './codec.ts'

/** What the two sides have no name in common for, and what the client offered of it. */
export type Unmatched = Readonly<{ what: string; offered: readonly string[] }>

/** Type and cookie stand in front of the lists of a KEXINIT. */
const FIRST_LIST = 17
/** A list is as long as its sender likes; real ones have some twenty names. */
const MAX_NAMES = 40
const MAX_NAME_LENGTH = 64
/** These ciphers need no MAC. */
const OWN_MAC = /gcm|poly1305/u

type Ours = Pick<AlgorithmLists, 'kex' | 'hostKey' | 'cipher' | 'mac'>

/**
 * Why a KEXINIT came to nothing (RFC 4253, section 7.1): the first kind of algorithm of which the client knows none of
 * ours. Undefined when there is no such kind, or when the message itself is broken.
 */
export function findUnmatched(payload: Buffer, ours: Ours): Unmatched | undefined {
  try {
    const reader = createBodyReader(payload, FIRST_LIST)
    const next = () => reader.string().toString('latin1').split(',')
    const [kex, hostKey, cipherIn, cipherOut, macIn, macOut] = [
      next(),
      next(),
      next(),
      next(),
      next(),
      next(),
    ]
    const needsMac = (offered: readonly string[]) =>
      !OWN_MAC.test(offered.find((name) => ours.cipher.includes(name)) ?? '')
    const kinds = [
      { what: 'key exchange', offered: kex, known: ours.kex },
      { what: 'host key', offered: hostKey, known: ours.hostKey },
      { what: 'cipher', offered: cipherIn, known: ours.cipher },
      { what: 'cipher', offered: cipherOut, known: ours.cipher },
      ...(needsMac(cipherIn) ? [{ what: 'MAC', offered: macIn, known: ours.mac }] : []),
      ...(needsMac(cipherOut) ? [{ what: 'MAC', offered: macOut, known: ours.mac }] : []),
    ]
    const first = kinds.find(({ offered, known }) => !offered.some((name) => known.includes(name)))
    return first && { what: first.what, offered: shown(first.offered) }
  } catch {
    return undefined
  }
}

/** As much of it as is worth a line in the audit log. */
function shown(names: readonly string[]): readonly string[] {
  return names.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME_LENGTH))
}
