// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: what a connection offers, and how keys are agreed.
import type { Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { type AlgorithmLists, HYBRID_KEX } from './algorithms.ts'
import { createBodyReader } from './codec.ts'
import { type HostKey, offeredSignatures } from './host-keys.ts'
import { answerHybrid } from './hybrid-kex.ts'
import { has } from './shapes.ts'
import { findUnmatched, type Unmatched } from './unmatched.ts'

const KEXINIT = 20
/** Type and cookie stand in front of the first list of a KEXINIT. */
const FIRST_LIST = 17
/** ssh2's exchange that becomes the hybrid one: the same messages and the same hash. */
const STAND_IN = 'curve25519-sha256'
const STRICT_MARKER = 'kex-strict-s-v00@openssh.com'

type OnPayload = (payload: Buffer) => unknown
type Offer = { constructor: new (lists: object) => Offer }
type Protocol = {
  _offer: Offer
  _kex: unknown
  _decipher: { _onPayload: OnPayload }
  _onPayload: OnPayload
}
type Exchange = {
  hashName: string
  remoteExtInfoEnabled: boolean
  _remoteKexinit: Buffer
  convertPublicKey(key: Buffer): Buffer
  computeSecret(theirs: Buffer): Buffer | Error
  getPublicKey(): Buffer
}

function isProtocol(value: unknown): value is Protocol {
  if (!has(value, 'object', '_offer', '_decipher') || !has(value, 'function', '_onPayload')) return false
  return has(Reflect.get(Object(value), '_decipher'), 'function', '_onPayload')
}

function isExchange(value: unknown): value is Exchange {
  const methods = has(value, 'function', 'convertPublicKey', 'computeSecret', 'getPublicKey')
  return methods && has(value, 'boolean', 'remoteExtInfoEnabled') && has(value, 'object', '_remoteKexinit')
}

function unfit(what: string): FileServerError {
  return new FileServerError('internal', `this version of ssh2 has no ${what}`)
}

/** What is offered with the same lists is the same for all connections, 4 KiB that each would keep for itself. */
export type Offers = Readonly<{
  of(KexInit: Offer['constructor'], lists: AlgorithmLists): Offer
  /** Of the host key algorithms in `lists` those for which there is a key, in the order in which they are offered. */
  hostKeyOf(lists: AlgorithmLists): readonly string[]
}>

export function createOffers(keys: readonly HostKey[]): Offers {
  const known = new WeakMap<AlgorithmLists, Offer>()
  const hostKeyOf = ({ hostKey }: AlgorithmLists): readonly string[] => offeredSignatures(keys, hostKey)
  return {
    hostKeyOf,
    of(KexInit, lists) {
      const same = known.get(lists)
      if (same !== undefined) return same
      const { kex, cipher, mac } = lists
      const way = { cipher, mac, compress: ['none'], lang: [] }
      const offer = { kex: [...kex, STRICT_MARKER], serverHostKey: hostKeyOf(lists), cs: way, sc: way }
      const made = new KexInit(offer)
      known.set(lists, made)
      return made
    },
  }
}

export type KeyExchangeOptions = Readonly<{
  lists: AlgorithmLists
  offers: Offers
  /** The client understands EXT_INFO, and now is the time for it. */
  onExtInfo: () => void
  /** A KEXINIT of the client led to no key exchange; the connection is about to end. */
  onUnmatched: (unmatched: Unmatched) => void
}>

/**
 * Gives one connection an offer of its own. To be called when the client has said that it speaks SSH: ssh2 then sends
 * its KEXINIT. Two things ssh2 does not do are done here, by looking at each KEXINIT of the client before ssh2 does: the
 * hybrid exchange, and an EXT_INFO that is right.
 */
export function takeKeyExchanges(client: SshClient, options: KeyExchangeOptions): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isProtocol(protocol)) throw unfit('_protocol with an offer')
  const { kex } = options.lists
  protocol._offer = options.offers.of(protocol._offer.constructor, options.lists)
  let wantsExtInfo = false
  const watch = (original: OnPayload): OnPayload => {
    return (payload) => {
      if (payload[0] !== KEXINIT) return original(payload)
      const theirs = methodsOf(payload)
      const hybrid = theirs.find((name) => kex.includes(name)) === HYBRID_KEX
      const before = protocol._kex
      const result = original(hybrid ? withStandIn(payload, theirs) : payload)
      const exchange = protocol._kex
      // Without one in common ssh2 has ended the connection.
      if (exchange === before) {
        const hostKey = options.offers.hostKeyOf(options.lists)
        const unmatched = findUnmatched(payload, { ...options.lists, hostKey })
        if (unmatched !== undefined) options.onUnmatched(unmatched)
        return result
      }
      if (!isExchange(exchange)) throw unfit('key exchange')
      if (before === undefined) wantsExtInfo = exchange.remoteExtInfoEnabled
      exchange.remoteExtInfoEnabled = false
      if (hybrid) becomeHybrid(exchange, payload)
      return result
    }
  }
  protocol._decipher._onPayload = watch(protocol._decipher._onPayload)
  // Every later cipher passes its messages on to this one.
  protocol._onPayload = watch(protocol._onPayload)
  client.once('handshake', () => {
    if (wantsExtInfo) options.onExtInfo()
  })
  client.on('handshake', () => {
    protocol._kex = remainderOf(protocol._kex)
  })
}

/** What was agreed on in place of compression; ssh2 asks when a login succeeds. */
const UNCOMPRESSED = { cs: { compress: 'none' }, sc: { compress: 'none' } }

/**
 * What ssh2 asks for of an exchange that is over: on the whole one hang the shared secret, every key, the messages and all
 * lists, for as long as the connection lasts.
 */
function remainderOf(exchange: unknown): object {
  const sessionID: unknown = Reflect.get(Object(exchange), 'sessionID')
  if (!Buffer.isBuffer(sessionID)) throw unfit('sessionID')
  return { sessionID, negotiated: UNCOMPRESSED }
}

/** The key exchange methods of a KEXINIT (RFC 4253, section 7.1); none for a broken one, which ssh2 refuses. */
function methodsOf(payload: Buffer): readonly string[] {
  try {
    return createBodyReader(payload, FIRST_LIST).string().toString('latin1').split(',')
  } catch {
    return []
  }
}

/** The KEXINIT as ssh2 is to see it: the stand-in where the hybrid method stood. */
function withStandIn(payload: Buffer, methods: readonly string[]): Buffer {
  const list = Buffer.from(methods.map((name) => (name === HYBRID_KEX ? STAND_IN : name)).join(','), 'latin1')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(list.length)
  const rest = FIRST_LIST + 4 + payload.readUInt32BE(FIRST_LIST)
  return Buffer.concat([payload.subarray(0, FIRST_LIST), length, list, payload.subarray(rest)])
}

/** Makes the exchange that ssh2 has just begun the hybrid one; its hash is over the KEXINIT that was really sent. */
function becomeHybrid(exchange: Exchange, kexinit: Buffer): void {
  if (exchange.hashName !== 'sha256') throw unfit(STAND_IN)
  let reply: Buffer = Buffer.alloc(0)
  exchange._remoteKexinit = Buffer.from(kexinit)
  exchange.convertPublicKey = (key) => key
  exchange.computeSecret = (init) => {
    try {
      const answer = answerHybrid(init)
      reply = answer.reply
      return answer.secret
    } catch (error) {
      // ssh2 ends the connection with what is returned.
      return error instanceof Error ? error : new Error(String(error))
    }
  }
  exchange.getPublicKey = () => reply
}
