import { type Server as NetServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type SecureContext, TLSSocket } from 'node:tls'
import { FileServerError } from '../core/errors.ts'
import type { Clock, Timer } from '../core/ports.ts'
import type { LinkContext } from './link-context.ts'
import { beginWith, canReadThrough, readOnce, readThrough } from './read-into.ts'
import type { FtpDeps, FtpSettings, TlsMaterial } from './settings.ts'
import { limit } from './time-limit.ts'
import {
  cryptoOf,
  hostName,
  knownHost,
  type ShownCertificate,
  shownCertificate,
  verifiedCertificate,
} from './tls-client.ts'
import { LEGACY_PROFILE, modernProfile, type TlsProfile } from './tls-profiles.ts'
import { createSetup, type TlsSetup } from './tls-setup.ts'

/** Server side of the handshakes of one control connection and its data connections. */
export type TlsPeer = {
  /** Only sessions that began on this control connection can be resumed with it. */
  readonly own: boolean
  /** The control connection is one of TLS 1.3, in which tickets come when the handshake is over. */
  readonly ticketsFollow: boolean
  /** For data connections without Node's sockets; undefined where they need Node's TLS. */
  links(): LinkContext | undefined
  /**
   * Takes the socket over. Rejects (socket destroyed) when the handshake fails or takes too long. `admit` is called before
   * the client has the end of the handshake, and in it what a session needs to be resumed; who throws there destroys what
   * is below `socket`, and the promise rejects with that.
   */
  accept(socket: Duplex, use: TlsUse, admit?: Admit): Promise<TLSSocket>
  /** What the handshake of an accepted socket says about the client. */
  introduce(secure: TLSSocket): Introduction
}

/**
 * What a connection is for. `control`: stays long and carries little. `sending`: all it carries goes out. `receiving`:
 * all it carries comes in; somebody else listens to the end of `socket` and finds out whether it came too early.
 */
export type TlsUse = 'control' | 'sending' | 'receiving'

export type Admit = (secure: TLSSocket) => void

export type Introduction = Readonly<{
  /** The one of the listener's names that the client asked for by SNI. */
  host: string | undefined
  /** Where the listener asks for one. */
  certificate: ShownCertificate | undefined
  /** Protocol version and cipher suite, such as `TLSv1.3 TLS_AES_128_GCM_SHA256`. */
  crypto: string | undefined
}>

export type TlsEngine = {
  readonly offered: boolean
  /** `host` was chosen before, by HOST; SNI wins over it. */
  forControl(host: string | undefined): TlsPeer
}

/** Ticket keys protect the past only as long as they are thrown away: shared ones are made anew twice a day. */
const SHARED_KEYS_MS = 12 * 3600 * 1000

type TlsDeps = Pick<FtpDeps, 'tls' | 'settings' | 'clock' | 'strictUsers' | 'native'>

/**
 * Where resuming is a must, for the listener or for some user, every control connection has keys of its own, so that a
 * data connection can only resume that one's session (about 0.3 ms and 31 KiB each); otherwise all connections of the
 * door share one context.
 */
export function createTlsEngine({ tls: material, settings, clock, strictUsers, native }: TlsDeps): TlsEngine {
  let shared: { material: TlsMaterial; profile: TlsProfile; setup: TlsSetup; until: number } | undefined
  const modern = modernProfile(settings)

  function setupFor(current: TlsMaterial, own: boolean): TlsSetup {
    const profile = clock.now() <= settings.legacyTlsUntilMs ? LEGACY_PROFILE : modern
    if (own) return createSetup(current, profile, { own, native })
    const now = clock.monotonic()
    const same = shared?.material === current && shared.profile === profile
    // Control sessions under way keep the setup they began with, and so do their data connections.
    if (shared === undefined || !same || now >= shared.until) {
      const setup = createSetup(current, profile, { own, native })
      shared = { material: current, profile, setup, until: now + SHARED_KEYS_MS }
    }
    return shared.setup
  }

  return {
    get offered() {
      return material() !== undefined
    },
    forControl(host) {
      const current = material()
      if (current === undefined) throw new FileServerError('storage.unsupported', 'no certificate')
      const own = settings.tlsReuse === 'require' || strictUsers()
      return new ControlPeer({ setup: setupFor(current, own), own, host, settings, clock })
    },
  }
}

type PeerOptions = Readonly<{
  setup: TlsSetup
  own: boolean
  host: string | undefined
  settings: FtpSettings
  clock: Clock
}>

class ControlPeer implements TlsPeer {
  own: boolean
  ticketsFollow = false
  /** Of HOST, or what the control connection asked for by SNI. */
  #host: string | undefined
  readonly #options: PeerOptions

  constructor(options: PeerOptions) {
    this.own = options.own
    this.#host = options.host
    this.#options = options
  }

  links(): LinkContext | undefined {
    return this.#options.setup.links(this.#host)
  }

  accept(socket: Duplex, use: TlsUse, admit: Admit = nothing): Promise<TLSSocket> {
    const { setup, settings, clock } = this.#options
    const host = this.#host
    const begun = (secure: TLSSocket) => {
      admit(secure)
      if (use === 'control') {
        this.#host = knownHost(settings, secure) ?? host
        this.ticketsFollow = secure.getProtocol() === 'TLSv1.3'
      }
      // Its session can be resumed as well, and nothing tells it from the control connection's.
      if (use !== 'control' && !secure.isSessionReused()) this.own = false
    }
    return handshake(socket, { ...setup, host, clock, ms: settings.tlsHandshakeMs, use, admit: begun })
  }

  introduce(secure: TLSSocket): Introduction {
    const { setup, settings, clock } = this.#options
    return {
      host: knownHost(settings, secure),
      certificate: setup.clients && shownCertificate(secure, clock.now()),
      crypto: cryptoOf(secure),
    }
  }
}

type Handshake = TlsSetup &
  Readonly<{ host: string | undefined; clock: Clock; ms: number; use: TlsUse; admit: Admit }>

function handshake(socket: Duplex, setup: Handshake): Promise<TLSSocket> {
  const { use, clock, ms } = setup
  const fed = use !== 'sending' && socket instanceof Socket && canReadThrough(socket) ? socket : undefined
  if (fed !== undefined && use === 'control') return handshakeToStay(fed, setup)
  const secure = secureOn(socket, setup, use === 'control' ? setup.sessions : setup.dataSessions)
  const deadline = limit(clock, ms, () => secure.destroy(tooLate()))
  if (fed !== undefined) {
    readThrough(fed, secure)
    const left = () => secure.destroy(gone())
    fed.once('end', left)
    secure.once('secure', () => fed.off('end', left))
  }
  if (use === 'sending' && socket instanceof Socket) secure.once('end', () => probe(socket))
  return finished(socket, secure, { ...setup, deadline })
}

/**
 * Of a connection that stays long: until the first bytes are here there is no TLS socket, which would make a large buffer
 * for them and keep it.
 */
async function handshakeToStay(raw: Socket, setup: Handshake): Promise<TLSSocket> {
  let open: Socket = raw
  const deadline = limit(setup.clock, setup.ms, () => open.destroy(tooLate()))
  try {
    const hello = await firstRead(raw)
    const secure = secureOn(raw, setup, undefined)
    open = secure
    const result = finished(raw, secure, { ...setup, deadline })
    beginWith(hello, secure, setup.sessions)
    return await result
  } finally {
    deadline.cancel()
  }
}

/**
 * Whether a connection whose peer has ended takes anything: it is destroyed if not. A reset that meets the tickets of TLS 1.3
 * fails that write of Node's own, which nobody hears of, and what is written next waits behind it for ever.
 */
function probe(raw: Socket): void {
  raw.write('')
}

const nothing = () => undefined
const tooLate = () => new FileServerError('session.idle', 'TLS handshake took too long')
const gone = () => new Error('the peer left during the TLS handshake')
const refusalOf = (shown: ShownCertificate | undefined) =>
  new Error(
    shown === undefined
      ? 'the client has no certificate'
      : `the client's certificate (${shown.subject}) does not count: ${shown.flaw}`,
  )
const closed = () => new Error('closed during the TLS handshake')

function firstRead(raw: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const left = () => raw.destroy(gone())
    const over = () => reject(closed())
    raw.once('end', left).once('error', reject).once('close', over)
    readOnce(raw, (bytes) => {
      raw.off('end', left).off('error', reject).off('close', over)
      resolve(bytes)
    })
    raw.resume()
  })
}

/** `server`: where sessions are stored, and found for a client that resumes one by its id. */
function secureOn(socket: Duplex, setup: Handshake, server: NetServer | undefined): TLSSocket {
  const { clients } = setup
  return new TLSSocket(socket, {
    isServer: true,
    secureContext: setup.contextOf(setup.host),
    ...(server !== undefined && { server }),
    SNICallback: (name: string, done: (error: null, context: SecureContext) => void) =>
      done(null, setup.contextOf(hostName(name))),
    requestCert: clients !== undefined,
    rejectUnauthorized: clients?.required === true,
    // Else Node would answer the peer's half-close itself, before what is queued has been sent.
    allowHalfOpen: true,
  } as ConstructorParameters<typeof TLSSocket>[1])
}

type Pending = Pick<Handshake, 'clients' | 'clock' | 'admit'> & Readonly<{ deadline: Timer }>

function finished(
  socket: Duplex,
  secure: TLSSocket,
  { clients, clock, admit, deadline }: Pending,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Half-open, so nothing else would close it before the time limit does.
    const left = () => secure.destroy(gone())
    secure.once('end', left)
    secure.once('secure', () => {
      secure.off('end', left)
      deadline.cancel()
      // Also takes away what a bad certificate left in OpenSSL's queue of errors: the next read would fail with it.
      if (clients !== undefined) secure.getPeerX509Certificate()
      // Node lets a certificate through here that no authority signed.
      if (clients?.required === true) {
        const shown = shownCertificate(secure, clock.now())
        if (verifiedCertificate(shown) === undefined) return secure.destroy(refusalOf(shown))
      }
      try {
        admit(secure)
      } catch (cause) {
        return reject(cause)
      }
      resolve(secure)
    })
    // Node reports what goes wrong after the handshake here when nobody called tls.createServer.
    secure.on('_tlsError', (error: Error) => secure.destroy(error))
    secure.on('error', (error) => reject(error))
    secure.once('close', () => {
      deadline.cancel()
      socket.destroy()
      reject(closed())
    })
  })
}
