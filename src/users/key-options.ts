import { type AddressPattern, parseAddressPatterns } from '../core/address-patterns.ts'
import type { KeyLimits } from '../core/identity.ts'

/** What the options before a key in its line say; see AUTHORIZED_KEYS FILE FORMAT in sshd(8). */
export type KeyOptions = Readonly<{
  limits: KeyLimits
  /** The key signs certificates, and does not log in itself. */
  authority: boolean
  /** With `authority`: names of which a certificate must have one. */
  principals: readonly string[]
  warning: string | undefined
}>

type Flaw = Readonly<{ ok: false; message: string; remedy: string }>
export type ParsedOptions = Readonly<{ ok: true; options: KeyOptions }> | Flaw

type Collected = {
  from?: readonly AddressPattern[]
  expires?: Date
  touchWaived?: boolean
  verifyRequired?: boolean
  authority?: boolean
  principals?: readonly string[]
  warning?: string
}
type Reader = (value: string, into: Collected) => Flaw | undefined

const MAX_PRINCIPALS = 256
/** Asks for nothing that is not so anyway: shells, terminals and forwarding are refused to everybody. */
const nothing: Reader = () => undefined

function flaw(message: string, remedy: string): Flaw {
  return { ok: false, message, remedy }
}

const readFrom: Reader = (value, into) => {
  const parsed = parseAddressPatterns(value)
  if (!parsed.ok) {
    return flaw(
      `the option from ${parsed.problem}`,
      'give addresses, networks such as 192.0.2.0/24, or patterns such as 192.0.2.*; names are not looked up',
    )
  }
  if (parsed.patterns.every((pattern) => pattern.negated)) {
    return flaw('the option from allows no address', 'give what is allowed beside what is not')
  }
  into.from = parsed.patterns
  return undefined
}

const EXPIRY = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?(Z?)$/

/** Undefined for a moment that no calendar or clock has. */
function momentOf(match: RegExpExecArray): Date | undefined {
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = match
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const moment = new Date(text)
  return !Number.isNaN(moment.getTime()) && moment.toISOString() === text ? moment : undefined
}

const readExpiry: Reader = (value, into) => {
  const match = EXPIRY.exec(value)
  const moment = match === null ? undefined : momentOf(match)
  if (match === null || moment === undefined) {
    return flaw(
      'the option expiry-time has no time that can be read',
      'write it as YYYYMMDDZ or YYYYMMDDHHMMSSZ, such as expiry-time="20301231Z"',
    )
  }
  into.expires = moment
  if (match[7] === '') into.warning = 'expiry-time is read as UTC; put a Z behind it to say so'
  return undefined
}

const readPrincipals: Reader = (value, into) => {
  const names = value.split(',').map((name) => name.trim())
  if (names.length > MAX_PRINCIPALS || names.includes('')) {
    return flaw('the option principals has no list of names', 'write it as principals="name,other"')
  }
  into.principals = names
  return undefined
}

const readCommand: Reader = (value) =>
  value === 'internal-sftp'
    ? undefined
    : flaw(
        'the option command asks for a command, and there are none',
        'remove it, or write internal-sftp; a folder is given by home',
      )

const set =
  (key: 'touchWaived' | 'verifyRequired' | 'authority'): Reader =>
  (_value, into) => {
    into[key] = true
    return undefined
  }

/** By the name in lower case; `value`: whether one has to follow. */
const OPTIONS: Readonly<Record<string, Readonly<{ value: boolean; read: Reader }>>> = {
  from: { value: true, read: readFrom },
  'expiry-time': { value: true, read: readExpiry },
  principals: { value: true, read: readPrincipals },
  command: { value: true, read: readCommand },
  'cert-authority': { value: false, read: set('authority') },
  'no-touch-required': { value: false, read: set('touchWaived') },
  'verify-required': { value: false, read: set('verifyRequired') },
  restrict: { value: false, read: nothing },
  'no-pty': { value: false, read: nothing },
  'no-port-forwarding': { value: false, read: nothing },
  'no-agent-forwarding': { value: false, read: nothing },
  'no-x11-forwarding': { value: false, read: nothing },
  'no-user-rc': { value: false, read: nothing },
}
const NAMES = Object.keys(OPTIONS).join(', ')

/** One option at the start of the text: a name, maybe a value in quotes, in which `\"` is a quote. */
const ONE = /^([A-Za-z0-9-]{1,64})(?:="((?:[^"\\]|\\.)*)")?/

function readOne(text: string, seen: Set<string>, into: Collected): number | Flaw {
  const match = ONE.exec(text)
  if (match === null)
    return flaw('the options before the key cannot be read', 'write them as name or name="value"')
  const [whole, written = '', quoted] = match
  const name = written.toLowerCase()
  const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined
  if (option === undefined) return flaw(`the option ${written} is not supported`, `known are ${NAMES}`)
  if (seen.has(name)) return flaw(`the option ${written} is there twice`, 'remove one of them')
  seen.add(name)
  if (option.value !== (quoted !== undefined)) {
    return flaw(
      `the option ${written} ${option.value ? 'needs a value in quotes' : 'takes no value'}`,
      option.value ? `write it as ${name}="..."` : `write it as ${name} alone`,
    )
  }
  return option.read(quoted?.replaceAll('\\"', '"') ?? '', into) ?? whole.length
}

function completed(into: Collected): ParsedOptions {
  const { from, expires, touchWaived = false, verifyRequired = false, authority = false, warning } = into
  if (into.principals !== undefined && !authority) {
    return flaw('the option principals belongs to an authority', 'put cert-authority before it, or remove it')
  }
  const limits: KeyLimits = { from, expires, touchWaived, verifyRequired }
  return { ok: true, options: { limits, authority, principals: into.principals ?? [], warning } }
}

export const NO_OPTIONS: KeyOptions = {
  limits: { from: undefined, expires: undefined, touchWaived: false, verifyRequired: false },
  authority: false,
  principals: [],
  warning: undefined,
}

/** Reads options between commas. What is unknown is an error: an option that is passed over would be a rule less. */
export function parseKeyOptions(text: string): ParsedOptions {
  const into: Collected = {}
  const seen = new Set<string>()
  for (let at = 0; ; at += 1) {
    const read = readOne(text.slice(at), seen, into)
    if (typeof read !== 'number') return read
    at += read
    if (at === text.length) return completed(into)
    if (text[at] !== ',')
      return flaw('the options before the key cannot be read', 'put one comma between two of them')
  }
}

/** Where the options at the start of a line end: at the first blank outside of quotes. */
export function endOfOptions(line: string): number {
  const match = /^(?:[^ \t"]|"(?:[^"\\]|\\.)*")*/.exec(line)
  return match?.[0].length ?? 0
}
