import type { NegotiatedAlgorithms } from 'ssh2'
import { type AddressList, createAddressList } from '../core/net.ts'
import {
  type Additions,
  type AlgorithmLists,
  CLIENT_NEEDS,
  EXCEPTIONS,
  type ExceptionName,
  listsWith,
  PROFILES,
  type ProfileName,
} from './algorithms.ts'

/** What weak clients of some networks may use, up to a moment (milliseconds since the epoch). */
export type TermsException = Readonly<{
  networks: readonly string[]
  allow: readonly ExceptionName[]
  untilMs: number
  owner: string
  reason: string
}>

export type TermsSettings = Readonly<{
  profile: ProfileName
  /** RSA user keys with a smaller modulus are refused, but for an exception. */
  minRsaBits: number
  exceptions: readonly TermsException[]
}>

/** What one connection is offered, from its first key exchange to its end. */
export type Terms = Readonly<{
  lists: AlgorithmLists
  minRsaBits: number
  /** Names of what a key exchange agrees on that are there by an exception alone. */
  excepted: ReadonlySet<string>
  /** What would count of user keys without the exceptions; undefined where none applies. */
  usualKeys: Readonly<{ signatures: readonly string[]; minRsaBits: number }> | undefined
}>

/** Decides for a client by its address, the moment, and the software that it says it is. */
export type TermsOf = (remoteIp: string, nowMs: number, software: string) => Terms

export function createTerms({ profile, minRsaBits, exceptions }: TermsSettings): TermsOf {
  const dated = exceptions.map((exception) => ({
    ...exception,
    addresses: createAddressList(exception.networks) satisfies AddressList,
  }))
  // There are few ways to be treated, and an idle connection keeps its own for as long as it lasts.
  const known = new Map<string, Terms>()
  return (remoteIp, nowMs, software) => {
    const needs = CLIENT_NEEDS.filter(([who]) => who.test(software))
    const exceptions = dated.filter(({ addresses, untilMs }) => nowMs <= untilMs && addresses.has(remoteIp))
    const key = JSON.stringify([
      needs.map((need) => CLIENT_NEEDS.indexOf(need)),
      exceptions.map((exception) => dated.indexOf(exception)),
    ])
    const same = known.get(key)
    if (same !== undefined) return same
    const made = combine(
      minRsaBits,
      [PROFILES[profile], ...needs.map(([, additions]) => additions)],
      exceptions.flatMap(({ allow }) => allow.map((name) => EXCEPTIONS[name])),
    )
    known.set(key, made)
    return made
  }
}

function combine(minRsaBits: number, usual: readonly Additions[], extra: readonly Additions[]): Terms {
  const plain = listsWith(usual)
  const before = new Set(exchanged(plain))
  const lists = listsWith([...usual, ...extra])
  return {
    lists,
    minRsaBits: Math.min(minRsaBits, ...extra.map((more) => more.minRsaBits ?? minRsaBits)),
    excepted: new Set(exchanged(lists).filter((name) => !before.has(name))),
    usualKeys: extra.length === 0 ? undefined : { signatures: plain.signature, minRsaBits },
  }
}

function exchanged({ kex, hostKey, cipher, mac }: AlgorithmLists): readonly string[] {
  return [...kex, ...hostKey, ...cipher, ...mac]
}

/** What the two sides have agreed on, each name once. */
export function namesOf({ kex, serverHostKey, cs, sc }: NegotiatedAlgorithms): readonly string[] {
  return [...new Set([kex, serverHostKey, cs.cipher, sc.cipher, cs.mac, sc.mac])]
}
