import type { Auditor } from '../audit/auditor.ts'
import type { CertificateDetail } from '../audit/events.ts'
import { FileServerError } from '../errors.ts'
import type { Factor, Origin } from '../identity.ts'
import { networkOf } from '../net.ts'
import { nextFactors } from '../policy/chains.ts'
import { type AssessDeps, type Assessment, type Attempt, assess, keyFactsOf } from './assess.ts'
import type { AuthenticatorDeps } from './deps.ts'
import { type Evidence, hasCertificate } from './evidence.ts'
import { grant } from './grant.ts'
import { type KeyFacts, keyRefusal } from './key-rules.ts'
import type { Login, LoginStep, Proof } from './login.ts'
import type { Prover } from './prove.ts'
import { noteRefusal, type Refusal, waitOut, wireCode } from './refusal.ts'
import type { HashUpgrader } from './rehash.ts'
import { describeKey, type KeyDetail, type ShownKey } from './shown-key.ts'
import type { Tally } from './tally.ts'
import { MAX_NAME_BYTES } from './throttle.ts'

export type ConversationDeps = AuthenticatorDeps &
  AssessDeps &
  Readonly<{
    prove: Prover
    upgrader: HashUpgrader
    tally: Tally
  }>

/** What a name without a chain of its own seems to need. */
const DECOY_CHAINS: readonly (readonly Factor[])[] = [['password'], ['publickey']]

/** After a failure inside, guesses that nobody can count must not go on. */
const FAILED: LoginStep = { state: 'denied', code: 'internal', reason: 'failed-inside', disconnect: true }

/** Runs one call at a time; an overlapping one is a fault of the adapter and throws. */
function createGate(): <T>(work: () => Promise<T>) => Promise<T> {
  let busy = false
  return async (work) => {
    if (busy) throw new FileServerError('internal', 'The calls of one login must not overlap.')
    busy = true
    try {
      return await work()
    } finally {
      busy = false
    }
  }
}

function more(assessment: Assessment, partial: boolean): LoginStep {
  const { user, decision } = assessment
  const chains = decision.allow && user !== undefined && user.chains.length > 0 ? user.chains : DECOY_CHAINS
  return { state: 'more', next: nextFactors(chains, assessment.proven), partial }
}

function refusalOf({ decision }: Assessment, factor?: Factor): Refusal | undefined {
  if (decision.allow) return undefined
  const { reason, rule } = decision
  return factor === undefined ? { reason, rule } : { reason, rule, factor }
}

/** Why a key that was only shown would not be taken. */
function probeRefusal(
  { user, proven }: Assessment,
  shown: ShownKey,
  facts: KeyFacts,
): Pick<Refusal, 'reason'> | undefined {
  if (user === undefined || !nextFactors(user.chains, proven).includes('publickey')) {
    return { reason: 'factor-not-in-chain' }
  }
  const reason = keyRefusal(user, shown, undefined, facts)
  return reason === undefined ? undefined : { reason }
}

const detailOf = (proof: Proof): KeyDetail => (proof.factor === 'publickey' ? describeKey(proof) : {})

function evidenceDetail(piece: Evidence): KeyDetail & CertificateDetail {
  if (piece.factor === 'publickey') return describeKey(piece.shown)
  if (piece.factor !== 'client-cert') return {}
  return { certificate: piece.fingerprint, subject: piece.subject }
}

/** The evidence after an accepted proof: of each factor the latest piece. */
function extend(attempt: Attempt, result: Extract<Awaited<ReturnType<Prover>>, { ok: true }>): Attempt {
  const renewed = new Set(result.evidence.map((piece) => piece.factor))
  const kept = attempt.evidence.filter((piece) => !renewed.has(piece.factor))
  return {
    name: attempt.name,
    evidence: [...kept, ...result.evidence],
    outdated: result.outdated ?? attempt.outdated,
  }
}

/** One login conversation of a connection. The rules are the policy's; here is the order in which things happen. */
export function createConversation(deps: ConversationDeps, origin: Origin): Login {
  const { clock, settings, prove, upgrader, tally } = deps
  const { session, door, listener, remoteIp } = origin
  const party = networkOf(remoteIp)
  const connectionAudit = deps.audit.with({ session, door, listener, remoteIp })
  const alone = createGate()
  let attempt: Attempt | undefined
  let refusals = 0
  let audit: Auditor = connectionAudit
  /** A factor was accepted, and nothing has been said after it. */
  let half = false

  const leave = (): void => {
    if (half) audit.record({ type: 'login.denied', reason: 'factors-missing' })
    half = false
  }

  const refuse = async (refusal: Refusal): Promise<LoginStep> => {
    tally.refusals += 1
    half = false
    const name = attempt?.name ?? ''
    const ofAddress = await noteRefusal(deps, audit, { name, remoteIp }, refusal)
    refusals = Math.max(tally.refusals, ofAddress)
    const code = wireCode(refusal.reason)
    const disconnect = tally.refusals >= settings.attemptsPerConnection || code.startsWith('session.')
    const step: LoginStep = { state: 'denied', code, reason: refusal.reason, disconnect }
    if (disconnect) tally.final = step
    return step
  }

  const begin = async (claimed: string): Promise<LoginStep> => {
    if (tally.final !== undefined) return tally.final
    leave()
    // One unit more than can be looked up, so that a cut name is nobody's.
    const name = claimed.slice(0, MAX_NAME_BYTES + 1)
    attempt = { name, evidence: [], outdated: undefined }
    audit = connectionAudit.with({ user: name })
    const assessment = await assess(deps, origin, attempt)
    const refusal = refusalOf(assessment)
    // Any other denial stays a secret: the conversation goes on and fails at every offer.
    if (refusal?.reason === 'encryption-required') return refuse(refusal)
    const step = more(assessment, false)
    const { user } = assessment
    const shown = deps.certificate
    if (refusal !== undefined || user === undefined || shown === undefined) return step
    const counts = hasCertificate(user, shown)
    return counts && nextFactors(user.chains, []).includes('client-cert') ? tried(attempt, shown) : step
  }

  const complete = async (proven: Attempt, { user, proven: factors }: Assessment): Promise<LoginStep> => {
    if (user === undefined) throw new FileServerError('internal', 'A complete chain has a user.')
    const result = await grant(deps, origin, user, { attempt: proven, factors })
    if ('refusal' in result) {
      attempt = { ...proven, evidence: proven.evidence.filter((piece) => piece.factor !== 'totp') }
      return refuse(result.refusal)
    }
    attempt = undefined
    half = false
    const { client, crypto } = origin
    // Who came by another name is called by the user's from here on.
    audit = connectionAudit.with({ user: user.name })
    audit.record({ type: 'login.granted', factors, ...(client && { client }), ...(crypto && { crypto }) })
    if (proven.outdated !== undefined) upgrader.start(user.id, proven.outdated, party, audit)
    return { state: 'granted', session: result.session }
  }

  const judge = async (current: Attempt, proof: Proof): Promise<LoginStep> => {
    const { factor } = proof
    const detail = detailOf(proof)
    const before = await assess(deps, origin, current)
    const user = before.decision.allow ? before.user : undefined
    const facts = keyFactsOf(deps, origin)
    const result = await prove({ user, proven: before.proven, party, facts }, proof)
    const refused = refusalOf(before, factor)
    if (refused !== undefined) return refuse({ ...refused, ...detail })
    if (!result.ok) return refuse({ reason: result.reason, factor, ...detail })
    const extended = extend(current, result)
    // Asked again: a lock that started or a record that changed while the hash was computed must count.
    const after = await assess(deps, origin, extended)
    const changed = refusalOf(after, factor)
    if (changed !== undefined) return refuse({ ...changed, ...detail })
    attempt = extended
    for (const piece of result.evidence) {
      audit.record({ type: 'login.factor-ok', factor: piece.factor, ...evidenceDetail(piece) })
    }
    half = true
    return after.complete ? complete(extended, after) : more(after, true)
  }

  /** Looks at a proof; what is thrown inside is a refusal too, in its own time. */
  const tried = async (current: Attempt, proof: Proof): Promise<LoginStep> => {
    const before = tally.refusals
    try {
      return await judge(current, proof)
    } catch (error) {
      half = false
      // Else the refusal is in the audit already, and counting it is what failed.
      if (tally.refusals === before) {
        tally.refusals += 1
        audit.record({ type: 'login.denied', reason: 'failed-inside', factor: proof.factor })
      }
      tally.final = FAILED
      throw error
    }
  }

  const offer = async (proof: Proof): Promise<LoginStep> => {
    if (tally.final !== undefined) return tally.final
    if (attempt === undefined) throw new FileServerError('protocol.sequence', 'No name was begun.')
    const startedAt = clock.monotonic()
    try {
      const step = await tried(attempt, proof)
      if (step.state === 'denied') await waitOut(deps, startedAt, refusals)
      return step
    } catch (error) {
      await waitOut(deps, startedAt, tally.refusals)
      throw error
    }
  }

  const wouldAcceptKey = async (shown: ShownKey): Promise<boolean> => {
    if (tally.final !== undefined || attempt === undefined) return false
    const assessment = await assess(deps, origin, attempt)
    const refusal = refusalOf(assessment) ?? probeRefusal(assessment, shown, keyFactsOf(deps, origin))
    if (refusal !== undefined) audit.record({ type: 'login.key-refused', ...refusal, ...describeKey(shown) })
    return refusal === undefined
  }

  return {
    begin: (name) => alone(() => begin(name)),
    offer: (proof) => alone(() => offer(proof)),
    leave,
    wouldAcceptKey: (shown) => alone(() => wouldAcceptKey(shown)),
  }
}
