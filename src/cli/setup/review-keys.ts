import type { X509Certificate } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Config } from '../../config/schema.ts'
import { toOperatorError } from '../failure.ts'
import type { AppServices, HostKey } from '../services.ts'

const DAY_MS = 86_400_000
const EXPIRY_WARNING_DAYS = 30
const MIN_RSA_BITS = 3072
const OTHERS = 0o077

export type KeyReview = Readonly<{
  /** What keeps the server from starting. */
  problems: readonly string[]
  warnings: readonly string[]
  hostKeys: readonly HostKey[]
  certificate: Readonly<{ subject: string; notAfter: string }> | undefined
}>

/** Looks at the certificate, its key and the host keys as the server would load them. */
export async function reviewKeys(config: Config, services: AppServices, now: number): Promise<KeyReview> {
  const problems: string[] = []
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      const known = toOperatorError(error)
      if (known === undefined) throw error
      problems.push(`${known.message} ${known.remedy}`)
      return undefined
    }
  }
  const hostKeys = (await attempt(() => services.loadHostKeys(config))) ?? []
  const certificate = await attempt(() => services.loadCertificate(config))
  const secret = [config.tls.keyFile, config.users.secretsKeyFile, ...config.keys.hostKeys]
  return {
    problems,
    warnings: [
      ...hostKeys.flatMap(weakness),
      ...(certificate === undefined ? [] : expiry(certificate, now)),
      ...(await Promise.all(secret.map(openness))).flat(),
    ],
    hostKeys,
    certificate: certificate && {
      subject: certificate.subject,
      notAfter: certificate.validToDate.toISOString(),
    },
  }
}

function weakness({ fingerprint, bits, algorithm }: HostKey): string[] {
  return algorithm === 'ssh-rsa' && bits !== undefined && bits < MIN_RSA_BITS
    ? [`host key ${fingerprint} has only ${bits} bits; make one of ${MIN_RSA_BITS}`]
    : []
}

function expiry(certificate: X509Certificate, now: number): string[] {
  const end = certificate.validToDate
  const days = Math.floor((end.getTime() - now) / DAY_MS)
  if (days < 0) return [`the certificate expired ${end.toISOString()}; clients refuse it`]
  return days < EXPIRY_WARNING_DAYS ? [`the certificate expires in ${days} days, ${end.toISOString()}`] : []
}

/** A private key that other accounts of this machine can read; a missing one is a problem reported elsewhere. */
async function openness(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && (found.mode & OTHERS) !== 0
    ? [`${path} can be read by other accounts; run: chmod 600 ${path}`]
    : []
}
