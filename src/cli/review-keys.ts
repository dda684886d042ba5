import type { Config } from '../config/schema.ts'
import type { Attempt } from './attempt.ts'
import { daysLeft, EXPIRY_WARNING_DAYS } from './format/days.ts'
import type { AppServices, HostKey, LoadedCertificate } from './services.ts'

export type KeyReview = Readonly<{
  warnings: readonly string[]
  hostKeys: readonly HostKey[]
  certificates: readonly Readonly<{ file: string; subject: string; notAfter: string }>[]
}>

/** Looks at the certificate, its key and the host keys as the server would load them. */
export async function reviewKeys(
  config: Config,
  { services, attempt, now }: { services: AppServices; attempt: Attempt; now: number },
): Promise<KeyReview> {
  const hostKeys = (await attempt(() => services.loadHostKeys(config))) ?? []
  const certificates = (await attempt(() => services.loadCertificates(config))) ?? []
  return {
    warnings: certificates.flatMap((certificate) => expiry(certificate, now)),
    // What is loaded may carry the private key; what is shown may not.
    hostKeys: hostKeys.map(({ algorithm, fingerprint }) => ({ algorithm, fingerprint })),
    certificates: certificates.map(({ file, leaf }) => ({
      file,
      subject: leaf.subject,
      notAfter: leaf.validToDate.toISOString(),
    })),
  }
}

function expiry({ file, leaf }: LoadedCertificate, now: number): string[] {
  const end = leaf.validToDate
  const days = daysLeft(end.getTime(), now)
  if (days < 0) return [`the certificate in ${file} expired ${end.toISOString()}; clients refuse it`]
  return days < EXPIRY_WARNING_DAYS
    ? [`the certificate in ${file} expires in ${days} days, ${end.toISOString()}`]
    : []
}
