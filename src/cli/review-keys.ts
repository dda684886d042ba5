import type { X509Certificate } from 'node:crypto'
import type { Config } from '../config/schema.ts'
import type { Attempt } from './attempt.ts'
import type { AppServices, HostKey } from './services.ts'

const DAY_MS = 86_400_000
const EXPIRY_WARNING_DAYS = 30

export type KeyReview = Readonly<{
  warnings: readonly string[]
  hostKeys: readonly HostKey[]
  certificate: Readonly<{ subject: string; notAfter: string }> | undefined
}>

/** Looks at the certificate, its key and the host keys as the server would load them. */
export async function reviewKeys(
  config: Config,
  { services, attempt, now }: { services: AppServices; attempt: Attempt; now: number },
): Promise<KeyReview> {
  const hostKeys = (await attempt(() => services.loadHostKeys(config))) ?? []
  const certificate = await attempt(() => services.loadCertificate(config))
  return {
    warnings: certificate === undefined ? [] : expiry(certificate, now),
    // What is loaded may carry the private key; what is shown may not.
    hostKeys: hostKeys.map(({ algorithm, fingerprint }) => ({ algorithm, fingerprint })),
    certificate: certificate && {
      subject: certificate.subject,
      notAfter: certificate.validToDate.toISOString(),
    },
  }
}

function expiry(certificate: X509Certificate, now: number): string[] {
  const end = certificate.validToDate
  const days = Math.floor((end.getTime() - now) / DAY_MS)
  if (days < 0) return [`the certificate expired ${end.toISOString()}; clients refuse it`]
  return days < EXPIRY_WARNING_DAYS ? [`the certificate expires in ${days} days, ${end.toISOString()}`] : []
}
