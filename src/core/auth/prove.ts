import type { Factor, TotpCredential, User } from '../identity.ts'
import { acceptsFactor } from '../policy/chains.ts'
import type { DenyReason } from '../policy/decide.ts'
import type { Clock } from '../ports.ts'
import { type Evidence, hasCertificate } from './evidence.ts'
import { isOverload } from './fair-queue.ts'
import { type KeyFacts, keyRefusal } from './key-rules.ts'
import type { ClientCertificate, Proof } from './login.ts'
import type { PasswordClaim, PasswordHasher } from './password.ts'
import { mayCarryCode, splitAppendedCode, type TotpVerifier } from './totp.ts'

/** A password that matched an outdated hash; kept only until the login ends. */
export type OutdatedHash = Readonly<{ stored: string; secret: string }>

export type ProofResult =
  | Readonly<{ ok: true; evidence: readonly Evidence[]; outdated: OutdatedHash | undefined }>
  | Readonly<{ ok: false; reason: DenyReason }>

/** Who is asked for proof. `user` undefined walks the same steps at the same cost and always fails. */
export type Subject = Readonly<{
  user: User | undefined
  proven: readonly Factor[]
  party: string
  facts: KeyFacts
}>

export type ProverDeps = Readonly<{
  hasher: PasswordHasher
  totp: TotpVerifier
  clock: Clock
  /** Whether a password may carry a one-time code at its end. */
  appendedCode: boolean
}>

/** Looks at one proof. Decides nothing about the login, counts nothing and consumes no code. */
export type Prover = (subject: Subject, proof: Proof) => Promise<ProofResult>

/** Bytes of a password that are looked at; a longer one is wrong. */
const MAX_SECRET_BYTES = 1024

const refused = (reason: DenyReason): ProofResult => ({ ok: false, reason })
const accepted = (evidence: readonly Evidence[], outdated?: OutdatedHash): ProofResult => ({
  ok: true,
  evidence,
  outdated,
})

export function createProver(deps: ProverDeps): Prover {
  const password = createPasswordProver(deps)
  return async (subject, proof) => {
    switch (proof.factor) {
      case 'password':
        return password(subject, proof.secret).catch((error: unknown) => {
          if (isOverload(error)) return refused('overloaded')
          throw error
        })
      case 'totp':
        return proveCode(deps, subject, proof.code)
      case 'publickey':
        return proveKey(subject, proof)
      case 'client-cert':
        return proveCertificate(subject, proof)
    }
  }
}

function proveKey(
  { user, proven, facts }: Subject,
  proof: Extract<Proof, { factor: 'publickey' }>,
): ProofResult {
  if (user === undefined || !acceptsFactor(user.chains, proven, 'publickey'))
    return refused('factor-not-in-chain')
  const { factor, signatureVerified, presence, ...shown } = proof
  const reason = keyRefusal(user, shown, presence, facts)
  if (reason !== undefined) return refused(reason)
  return signatureVerified ? accepted([{ factor, shown, presence }]) : refused('bad-signature')
}

function proveCertificate(
  { user, proven }: Subject,
  { factor, fingerprint, subject }: ClientCertificate,
): ProofResult {
  if (user === undefined || !acceptsFactor(user.chains, proven, 'client-cert'))
    return refused('factor-not-in-chain')
  return hasCertificate(user, { fingerprint, subject })
    ? accepted([{ factor, fingerprint, subject }])
    : refused('unknown-certificate')
}

function proveCode({ totp, clock }: ProverDeps, { user, proven }: Subject, code: string): ProofResult {
  const credential = user?.credentials.totp
  if (user === undefined || credential === undefined || !acceptsFactor(user.chains, proven, 'totp')) {
    return refused('factor-not-in-chain')
  }
  const step = totp.verify(credential, code, clock.now())
  return step === undefined ? refused('wrong-code') : accepted([codeEvidence(credential, step)])
}

function codeEvidence({ secret, periodSeconds }: TotpCredential, step: number): Evidence {
  return { factor: 'totp', secret, startSeconds: step * periodSeconds }
}

/**
 * How many hashes a failure costs depends on the look of the secret and on the setting, never on the user: one for the
 * whole secret, and one more when its end looks like a code.
 */
function createPasswordProver(deps: ProverDeps): (subject: Subject, secret: string) => Promise<ProofResult> {
  const { hasher, totp, clock, appendedCode } = deps

  const success = (claim: PasswordClaim, secret: string, more: readonly Evidence[]): ProofResult => {
    const { stored } = claim
    // `verify` has matched it.
    if (stored === undefined) return refused('wrong-password')
    const outdated = hasher.needsRehash(stored) ? { stored, secret } : undefined
    return accepted([{ factor: 'password', stored }, ...more], outdated)
  }

  const proveBoth = async (subject: Subject, claim: PasswordClaim, secret: string): Promise<ProofResult> => {
    const { user, proven, party } = subject
    const takesCode = user !== undefined && acceptsFactor(user.chains, [...proven, 'password'], 'totp')
    const credential = takesCode ? user.credentials.totp : undefined
    const split = credential === undefined ? undefined : splitAppendedCode(secret, credential.digits)
    if (credential === undefined || split === undefined) {
      await hasher.verifyAfresh({ user: undefined, stored: undefined, party }, secret)
      return refused('wrong-password')
    }
    const step = totp.verify(credential, split.code, clock.now())
    // With a wrong code a remembered password must not shorten the refusal: that would confirm the password.
    const verify = step === undefined ? hasher.verifyAfresh : hasher.verify
    if (!(await verify(claim, split.password))) return refused('wrong-password')
    return step === undefined
      ? refused('wrong-code')
      : success(claim, split.password, [codeEvidence(credential, step)])
  }

  return async (subject, offered) => {
    const { user, proven, party } = subject
    // RFC 1635 section 2: the password is an e-mail address or any other text, and proves nothing.
    if (user?.anonymous === true) return accepted([])
    const tooLong = offered.length > MAX_SECRET_BYTES || Buffer.byteLength(offered) > MAX_SECRET_BYTES
    const secret = tooLong ? offered.slice(-MAX_SECRET_BYTES) : offered
    const inChain = user !== undefined && acceptsFactor(user.chains, proven, 'password')
    const known = inChain && !tooLong ? user : undefined
    const claim = { user: known?.id, stored: known?.credentials.passwordHash, party }
    if (await hasher.verify(claim, secret)) return success(claim, secret, [])
    const failed = refused(user !== undefined && !inChain ? 'factor-not-in-chain' : 'wrong-password')
    if (!appendedCode || !mayCarryCode(secret)) return failed
    const both = await proveBoth({ ...subject, user: known }, claim, secret)
    return known === undefined ? failed : both
  }
}
