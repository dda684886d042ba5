import type { NativeTls } from './native-tls.ts'
import type { TlsIdentity } from './settings.ts'
import type { TlsProfile } from './tls-profiles.ts'

/** `up` is from the client to us. */
export type Direction = 'up' | 'down'

/** The TLS of data connections without Node's sockets. */
export type LinkContext = Readonly<{ native: NativeTls; handle: object }>

/** How sessions that began on control connections are resumed. */
export type Resuming = Readonly<{
  ticketKeys: Buffer
  sessionIdContext: string
  seconds: number
  /** A session of TLS 1.2 by its id, as Node stores it. */
  find: (id: Uint8Array) => Uint8Array | undefined
  /** Sessions may begin on data connections too. */
  begins: boolean
}>

export function nativeTlsWorks(native: NativeTls): boolean {
  return native.knowsTls() === 1
}

/** As TLS encodes them. */
const VERSIONS = { TLSv1: 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 } as const

/**
 * Undefined where OpenSSL takes one of these only from Node. Nobody is asked for a certificate: where a client may have one,
 * its control connection has shown it.
 */
export function createLinkContext(
  native: NativeTls,
  identity: TlsIdentity,
  profile: TlsProfile,
  resuming: Resuming,
): LinkContext | undefined {
  const names = profile.ciphers.split(':')
  const handle = native.createTlsContext(
    Buffer.from(identity.certificate),
    Buffer.from(identity.key),
    names.filter((name) => !name.startsWith('TLS_')).join(':'),
    names.filter((name) => name.startsWith('TLS_')).join(':'),
    VERSIONS[profile.minVersion],
  )
  if (handle === null) return undefined
  const { ticketKeys, sessionIdContext, seconds, find, begins } = resuming
  return native.resumeSessions(handle, ticketKeys, sessionIdContext, seconds, find, Number(begins)) < 0
    ? undefined
    : { native, handle }
}
