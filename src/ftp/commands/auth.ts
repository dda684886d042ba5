// RFC 4217 section 4: AUTH TLS.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function auth(ftp: Ftp, mechanism: string): Reply {
  if (!ftp.tlsOffered) return reply(502, 'TLS is not offered here.')
  if (ftp.origin.encrypted) return reply(503, 'Already inside TLS.')
  const name = mechanism.trim().toUpperCase()
  if (name !== 'TLS' && name !== 'SSL') return reply(504, 'Only AUTH TLS is known.')
  return { ...reply(234, 'Start the TLS handshake.'), after: 'tls' }
}
