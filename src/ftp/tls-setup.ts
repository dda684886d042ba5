import { constants, randomBytes } from 'node:crypto'
import { Server as NetServer } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { createLinkContext, type LinkContext } from './link-context.ts'
import type { ClientTrust, FtpDeps, TlsIdentity, TlsMaterial } from './settings.ts'
import type { TlsProfile } from './tls-profiles.ts'

const SHARED_SESSION_SECONDS = 24 * 3600
/** Longer than the longest control session: where resuming is a must, none may lose it on the way. */
const OWN_SESSION_SECONDS = 7 * 24 * 3600
/** TLS 1.2 sessions kept for clients that resume by session id; the oldest go first. */
const KEPT_SESSIONS_SHARED = 2048
const KEPT_SESSIONS_OWN = 16

/** Certificates, ciphers and sessions of one control connection and its data connections, or of all of a door. */
export type TlsSetup = Readonly<{
  /** Of a name with a certificate of its own; else the listener's. */
  contextOf(host: string | undefined): SecureContext
  sessions: NetServer
  /** The same for data connections, whose own sessions only count where all connections share them. */
  dataSessions: NetServer
  clients: ClientTrust | undefined
  /** With the same certificate as `contextOf`. Made when the first data connection asks for it. */
  links(host: string | undefined): LinkContext | undefined
}>

/** `own`: of one control connection only. */
type SetupOptions = Readonly<{ own: boolean; native: FtpDeps['native'] }>

export function createSetup(material: TlsMaterial, profile: TlsProfile, options: SetupOptions): TlsSetup {
  const { clients } = material
  const { own, native } = options
  const seconds = own ? OWN_SESSION_SECONDS : SHARED_SESSION_SECONDS
  const { hub, finder, find } = createSessionHub(own ? KEPT_SESSIONS_OWN : KEPT_SESSIONS_SHARED)
  const resuming = {
    ticketKeys: randomBytes(48),
    sessionIdContext: randomBytes(16).toString('hex'),
    seconds,
    find,
    begins: !own,
  }
  // The same for all names: data connections resume a session whichever name began it.
  const common = {
    ...profile,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ticketKeys: resuming.ticketKeys,
    sessionIdContext: resuming.sessionIdContext,
    sessionTimeout: seconds,
    ...(clients !== undefined && { ca: clients.authorities, crl: clients.revoked }),
  } as const
  const identityOf = (host: string | undefined): TlsIdentity =>
    (host === undefined ? undefined : material.hosts?.get(host)) ?? material
  const contextFor = ofEach(({ certificate, key }: TlsIdentity) =>
    createSecureContext({ ...common, cert: certificate, key }),
  )
  // Where every client must have a certificate, data connections ask for it too, which Node's TLS does.
  const linking = clients?.required === true ? undefined : native
  const linksFor = ofEach((identity: TlsIdentity) => {
    const make = () => linking && createLinkContext(linking, identity, profile, resuming)
    return own ? whileUsed(make) : once(make)
  })
  return {
    contextOf: (host) => contextFor(identityOf(host)),
    sessions: hub,
    dataSessions: own ? finder : hub,
    clients,
    links: (host) => linksFor(identityOf(host))(),
  }
}

/** What `make` gives for a key is made once. */
function ofEach<K, T extends object>(make: (key: K) => T): (key: K) => T {
  const made = new Map<K, T>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const first = make(key)
    made.set(key, first)
    return first
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Made again when the last one has been collected: a session that transfers nothing keeps none. */
function whileUsed<T extends object>(make: () => T | undefined): () => T | undefined {
  let made: WeakRef<T> | undefined
  return () => {
    const value = made?.deref() ?? make()
    if (value !== undefined && made?.deref() !== value) made = new WeakRef(value)
    return value
  }
}

/**
 * Neither listens: TLSSocket takes a server as the place where TLS 1.2 sessions are found by id and, in the hub, stored.
 */
function createSessionHub(kept: number) {
  const sessions = new Map<string, Buffer>()
  const hub = new NetServer()
  hub.on('newSession', (id: Buffer, data: Buffer, done: () => void) => {
    const oldest = sessions.keys().next()
    if (sessions.size >= kept && !oldest.done) sessions.delete(oldest.value)
    sessions.set(id.toString('latin1'), data)
    done()
  })
  const find = (id: Uint8Array) => sessions.get(Buffer.from(id).toString('latin1'))
  const resume = (id: Buffer, done: (error: null, data: Buffer | null) => void) =>
    done(null, find(id) ?? null)
  hub.on('resumeSession', resume)
  const finder = new NetServer().on('resumeSession', resume)
  return { hub, finder, find }
}
