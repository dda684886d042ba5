import type { CipherNameAndProtocol, TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../core/auth/login.ts'
import type { FtpSettings } from './settings.ts'

/** A name as clients write it, in the form of the configuration. */
export function hostName(text: string): string {
  return text.toLowerCase().replace(/\.$/, '')
}

/** Which of the listener's names the client asked for by SNI; undefined for none and for any other. */
export function knownHost(settings: FtpSettings, secure: TLSSocket): string | undefined {
  const name = typeof secure.servername === 'string' ? hostName(secure.servername) : undefined
  return name !== undefined && settings.hosts.has(name) ? name : undefined
}

/** Protocol version and cipher suite; undefined when the client left as soon as the handshake was done. */
export function cryptoOf(secure: TLSSocket): string | undefined {
  const protocol = secure.getProtocol()
  // Node's types leave out that it is null when the socket is gone.
  const cipher: CipherNameAndProtocol | null = secure.getCipher()
  return protocol === null || cipher === null ? undefined : `${protocol} ${cipher.standardName}`
}

/** OpenSSL's answer to the chain: Node asks for it itself only in sockets that came from `tls.createServer`. */
type VerifyingHandle = Readonly<{ _handle: { verifyError(): Error | null | undefined } | null }>

/**
 * The client's certificate if an authority of the listener signed it for clients and it is neither expired nor revoked.
 * `verifyError` alone is not enough: it finds nothing wrong with a resumed session that has no certificate at all, and
 * of a resumed one it tells how things stood when the session began.
 */
export function verifiedCertificate(secure: TLSSocket, nowMs: number): ClientCertificate | undefined {
  const certificate = secure.getPeerX509Certificate()
  const { _handle: handle } = secure as unknown as VerifyingHandle
  if (certificate === undefined || handle === null || handle.verifyError()) return undefined
  if (nowMs > certificate.validToDate.getTime()) return undefined
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  return { factor: 'client-cert', fingerprint, chainVerified: true }
}
