import type { CipherNameAndProtocol, TLSSocket } from 'node:tls'
import { certificateName, subjectText } from '../core/auth/client-certificate.ts'
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
type VerifyingHandle = Readonly<{
  _handle: { verifyError(): NodeJS.ErrnoException | null | undefined } | null
}>

export type ShownCertificate = Readonly<{
  fingerprint: string
  subject: string
  /** Why it counts for nothing, in OpenSSL's words; undefined when it does count. */
  flaw: string | undefined
}>

/**
 * The client's certificate, which counts if an authority of the listener signed it for clients and it is neither expired nor
 * revoked. `verifyError` alone is not enough: it finds nothing wrong with a resumed session that has no certificate at all,
 * and of a resumed one it tells how things stood when the session began.
 */
export function shownCertificate(secure: TLSSocket, nowMs: number): ShownCertificate | undefined {
  const certificate = secure.getPeerX509Certificate()
  const { _handle: handle } = secure as unknown as VerifyingHandle
  if (certificate === undefined || handle === null) return undefined
  const error = handle.verifyError()
  const expired = nowMs > certificate.validToDate.getTime() ? 'CERT_HAS_EXPIRED' : undefined
  // Node's types leave out that it is undefined when it is empty.
  const lines: string | undefined = certificate.subject
  return {
    fingerprint: certificateName(certificate.fingerprint256),
    subject: subjectText(lines ?? ''),
    flaw: error ? (error.code ?? error.message) : expired,
  }
}

/** As evidence; undefined when it counts for nothing. */
export function verifiedCertificate(shown: ShownCertificate | undefined): ClientCertificate | undefined {
  if (shown === undefined || shown.flaw !== undefined) return undefined
  const { fingerprint, subject } = shown
  return { factor: 'client-cert', fingerprint, subject, chainVerified: true }
}
