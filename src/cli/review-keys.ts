import type { Config } from '../config/schema.ts'
import type { Attempt } from './attempt.ts'
import { daysLeft, EXPIRY_WARNING_DAYS } from './format/days.ts'
import type { AppServices, HostKey, LoadedCertificate, LoadedRevocations } from './services.ts'

export type KeyReview = Readonly<{
  warnings: readonly string[]
  hostKeys: readonly HostKey[]
  certificates: readonly Readonly<{ file: string; subject: string; notAfter: string }>[]
}>

/** The configuration once for each listener, so that a file of one does not hide those of the others. */
export function perListener(config: Config): readonly Config[] {
  return config.listeners.map((listener) => ({ ...config, listeners: [listener] }))
}

/** Looks at the certificate, its key and the host keys as the server would load them. */
export async function reviewKeys(
  config: Config,
  { services, attempt, now }: { services: AppServices; attempt: Attempt; now: number },
): Promise<KeyReview> {
  const hostKeys = (await attempt(() => services.loadHostKeys(config))) ?? []
  const certificates = new Map<string, LoadedCertificate>()
  const revocations = new Map<string, LoadedRevocations>()
  for (const one of perListener(config)) {
    const loaded = await attempt(() => services.loadCertificates(one))
    for (const certificate of loaded ?? []) certificates.set(certificate.file, certificate)
    // A list that cannot be used is among the problems already.
    const lists = loaded && (await attempt(() => services.loadRevocations(one)))
    for (const list of lists ?? []) revocations.set(list.file, list)
  }
  return {
    warnings: [
      ...[...certificates.values()].flatMap((certificate) => expiry(certificate, now)),
      ...[...revocations.values()].flatMap((list) => revocationExpiry(list, now)),
    ],
    // What is loaded may carry the private key; what is shown may not.
    hostKeys: hostKeys.map(({ algorithm, fingerprint }) => ({ algorithm, fingerprint })),
    certificates: [...certificates.values()].map(({ file, leaf }) => ({
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

function revocationExpiry({ file, end }: LoadedRevocations, now: number): string[] {
  if (end === undefined) return []
  const days = daysLeft(end.getTime(), now)
  const what = `the revocation list in ${file}`
  if (days < 0) return [`${what} ran out ${end.toISOString()}; every client certificate is refused`]
  const then = 'every client certificate is refused then'
  return days < EXPIRY_WARNING_DAYS ? [`${what} runs out in ${days} days, ${end.toISOString()}; ${then}`] : []
}
