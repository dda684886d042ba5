import type { User } from '../identity.ts'
import { type AddressList, createAddressList, parseCidr } from '../net.ts'
import { completedChain } from './chains.ts'
import type { DenyReason, Facts, PolicySettings } from './decide.ts'
import { groupEntry } from './groups.ts'
import { plaintextAllowed } from './sunset.ts'

type Stage = Facts['stage']

export type Question = Readonly<{ facts: Facts; now: Date; lists: CompiledLists }>

export type CompiledLists = Readonly<{
  allow: AddressList
  deny: AddressList
}> &
  Pick<PolicySettings, 'cleartextListeners' | 'anonymousListeners' | 'admissions'>

export type Answer =
  | Readonly<{ verdict: 'pass' | 'skip'; why: string }>
  | Readonly<{ verdict: 'deny'; reason: DenyReason; why: string }>

export type Rule = Readonly<{ name: string; stages: readonly Stage[]; ask(question: Question): Answer }>

const pass = (why: string): Answer => ({ verdict: 'pass', why })
const skip = (why: string): Answer => ({ verdict: 'skip', why })
const deny = (reason: DenyReason, why: string): Answer => ({ verdict: 'deny', reason, why })
const utc = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : 'an unreadable date')

const ALWAYS: readonly Stage[] = ['connection', 'identify', 'grant']
const NAMED: readonly Stage[] = ['identify', 'grant']

function askEncryption({ facts, now, lists }: Question): Answer {
  const { origin, user } = facts
  if (origin.encrypted) return pass('The connection is encrypted.')
  const refuse = (why: string): Answer => deny('encryption-required', why)
  if (!lists.cleartextListeners.has(origin.listener)) {
    return refuse(`Listener ${origin.listener} takes no cleartext logins.`)
  }
  if (user?.anonymous === true && lists.anonymousListeners.has(origin.listener)) {
    return pass('Anonymous users of this listener may come in cleartext.')
  }
  // One answer for a name that nobody has and a name without exception, so that asking tells nothing.
  if (user?.sunset === undefined) return refuse('The name has no exception for cleartext.')
  const until = utc(user.sunset.plaintextUntil.getTime()).slice(0, 10)
  if (!plaintextAllowed(user.sunset, now))
    return refuse(`The exception for cleartext ended with ${until} (UTC).`)
  return pass(`Cleartext is excepted until the end of ${until} (UTC), by ${user.sunset.owner}.`)
}

function askDenyList({ facts, lists }: Question): Answer {
  if (lists.deny.size === 0) return skip('There is no deny list.')
  const ip = facts.origin.remoteIp
  return lists.deny.has(ip)
    ? deny('address-denied', `${ip} is on the deny list.`)
    : pass(`${ip} is not on the deny list.`)
}

function askAllowList({ facts, lists }: Question): Answer {
  if (lists.allow.size === 0) return skip('There is no allow list: any address may connect.')
  const ip = facts.origin.remoteIp
  return lists.allow.has(ip)
    ? pass(`${ip} is on the allow list.`)
    : deny('address-denied', `${ip} is not on the allow list.`)
}

function askAddressLock({ facts, now }: Question): Answer {
  return facts.addressLockedUntil > now.getTime()
    ? deny('address-locked', `${facts.origin.remoteIp} is locked until ${utc(facts.addressLockedUntil)}.`)
    : pass(`${facts.origin.remoteIp} is not locked.`)
}

function askUserLock({ facts, now }: Question): Answer {
  if (facts.user?.anonymous === true) return skip('There is no password to guess.')
  return facts.userLockedUntil > now.getTime()
    ? deny('user-locked', `The name is locked until ${utc(facts.userLockedUntil)}.`)
    : pass('The name is not locked.')
}

/** Makes a rule about the user's record; without a user it denies, whatever an earlier rule said. */
function aboutUser(ask: (user: User, question: Question) => Answer): Rule['ask'] {
  return (question) =>
    question.facts.user === undefined
      ? deny('unknown-user', 'Nobody has this name.')
      : ask(question.facts.user, question)
}

function askExpiry(user: User, { now }: Question): Answer {
  if (user.expires === undefined) return pass('The account does not expire.')
  // Written so that an unreadable date denies.
  return now.getTime() < user.expires.getTime()
    ? pass(`The account expires at ${utc(user.expires.getTime())}.`)
    : deny('user-expired', `The account expired at ${utc(user.expires.getTime())}.`)
}

function askDoor(user: User, { facts }: Question): Answer {
  const { door } = facts.origin
  return user.doors.has(door)
    ? pass(`The user may come through ${door}.`)
    : deny('door-not-allowed', `The user may not come through ${door}.`)
}

function askListener(user: User, { facts, lists }: Question): Answer {
  const { listener, host } = facts.origin
  if (user.anonymous && !lists.anonymousListeners.has(listener)) {
    return deny('listener-not-allowed', `Listener ${listener} takes no anonymous users.`)
  }
  const admission = lists.admissions.get(listener)
  const ofHost = host === undefined ? undefined : admission?.hosts.get(host)
  const own = ofHost !== undefined && ofHost.size > 0
  // The listener's list stands beside the key that takes them; a host that has its own is for those on it.
  if (user.anonymous && !own) return pass(`Listener ${listener} takes anonymous users.`)
  const users = own ? ofHost : admission?.users
  const place = own ? `Host ${host} of listener ${listener}` : `Listener ${listener}`
  if (users === undefined || users.size === 0) return skip(`${place} takes any user.`)
  if (users.has(user.name)) return pass(`${place} has the user on its list.`)
  const group = user.groups?.find((name) => users.has(groupEntry(name)))
  return group === undefined
    ? deny('listener-not-allowed', `${place} does not have the user on its list.`)
    : pass(`${place} has the user's group ${group} on its list.`)
}

function askUserAllowList(user: User, { facts }: Question): Answer {
  if (user.allow.length === 0) return skip('The user has no allow list of their own.')
  const refuse = (why: string): Answer => deny('address-not-allowed-for-user', why)
  const broken = user.allow.map(parseCidr).find((parsed) => !parsed.ok)
  if (broken?.ok === false) return refuse(`The user's allow list cannot be read: ${broken.problem}.`)
  const ip = facts.origin.remoteIp
  return createAddressList(user.allow).has(ip)
    ? pass(`${ip} is on the user's allow list.`)
    : refuse(`${ip} is not on the user's allow list.`)
}

function askFactors(user: User, { facts }: Question): Answer {
  if (user.anonymous) return pass('An anonymous user proves nothing.')
  const chain = completedChain(user.chains, facts.proven)
  if (chain !== undefined) return pass(`Proven: ${chain.join(' + ')}.`)
  const proven = facts.proven.length === 0 ? 'nothing' : facts.proven.join(' + ')
  return deny(
    'factors-missing',
    `Proven is ${proven}; needed is ${user.chains.map((c) => c.join(' + ')).join(' or ')}.`,
  )
}

/**
 * Asked in this order. Encryption comes first among the questions about a login so that no other answer makes an
 * adapter ask for a password in clear.
 */
export const RULES: readonly Rule[] = [
  { name: 'encryption', stages: NAMED, ask: askEncryption },
  { name: 'deny-list', stages: ALWAYS, ask: askDenyList },
  { name: 'allow-list', stages: ALWAYS, ask: askAllowList },
  { name: 'address-lock', stages: ALWAYS, ask: askAddressLock },
  { name: 'user-known', stages: NAMED, ask: aboutUser(() => pass('The name is known.')) },
  {
    name: 'user-enabled',
    stages: NAMED,
    ask: aboutUser((user) =>
      user.enabled ? pass('The account is enabled.') : deny('user-disabled', 'The account is disabled.'),
    ),
  },
  { name: 'user-expiry', stages: NAMED, ask: aboutUser(askExpiry) },
  { name: 'user-lock', stages: NAMED, ask: askUserLock },
  { name: 'door', stages: NAMED, ask: aboutUser(askDoor) },
  { name: 'listener', stages: NAMED, ask: aboutUser(askListener) },
  { name: 'user-allow-list', stages: NAMED, ask: aboutUser(askUserAllowList) },
  { name: 'factors', stages: ['grant'], ask: aboutUser(askFactors) },
]
