import type { Config } from '../config/schema.ts'
import type { Attempt } from './attempt.ts'
import { daysLeft, EXPIRY_WARNING_DAYS, inDays } from './format/days.ts'
import type { AppServices, HostKey, LoadedCertificate, LoadedClientTrust } from './services.ts'

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
  const warnings = new Set<string>()
  for (const one of perListener(config)) {
    const loaded = await attempt(() => services.loadCertificates(one))
    for (const certificate of loaded ?? []) {
      certificates.set(certificate.file, certificate)
      for (const text of [...expiry(certificate, now), ...otherNames(certificate)]) warnings.add(text)
    }
    // A file that cannot be used is among the problems already.
    const trust = loaded && (await attempt(() => services.loadClientTrust(one)))
    for (const text of (trust ?? []).flatMap((each) => reviewTrust(each, now))) warnings.add(text)
  }
  return {
    warnings: [...warnings],
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
    ? [`the certificate in ${file} expires ${inDays(days)}, ${end.toISOString()}`]
    : []
}

type Revocations = NonNullable<LoadedClientTrust['revocations']>

function otherNames({ file, unnamed }: LoadedCertificate): string[] {
  return unnamed.map(
    (host) => `the certificate in ${file} is not for ${host}; clients of that host refuse it`,
  )
}

function reviewTrust({ caFile, rootless, revocations }: LoadedClientTrust, now: number): string[] {
  const none = 'none of its client certificates counts'
  return [
    ...rootless.map((name) => `${caFile} has no root for ${name}; ${none} until the file has its issuer too`),
    ...(revocations === undefined ? [] : revocationExpiry(revocations, now)),
    ...(revocations?.unlisted ?? []).map((name) => `${revocations?.file} has no list of ${name}; ${none}`),
  ]
}

function revocationExpiry({ file, end }: Revocations, now: number): string[] {
  if (end === undefined) return []
  const days = daysLeft(end.getTime(), now)
  const what = `the revocation list in ${file}`
  if (days < 0) return [`${what} ran out ${end.toISOString()}; every client certificate is refused`]
  const then = 'every client certificate is refused then'
  return days < EXPIRY_WARNING_DAYS ? [`${what} runs out ${inDays(days)}, ${end.toISOString()}; ${then}`] : []
}
