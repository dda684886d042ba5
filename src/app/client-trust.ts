import { X509Certificate } from 'node:crypto'
import type { LoadedClientTrust } from '../cli/services.ts'
import { readKeyText } from '../config/key-files.ts'
import type { Config } from '../config/schema.ts'
import { holderName, revocationEnd, revocationLists } from './revocation-list.ts'

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks =
    pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [A-Z0-9 ]+-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

/** OpenSSL follows a chain to its root, and takes nothing below for one. */
function leadsNowhere(one: X509Certificate, all: readonly X509Certificate[]): boolean {
  return one.subject !== one.issuer && !all.some((other) => one.checkIssued(other))
}

const subjectOf = ({ subject }: X509Certificate): string => subject.replaceAll('\n', ', ')

/** What each listener's files say of its clients' certificates, as far as OpenSSL will let it count. */
export function readAllClientTrust({ listeners }: Config): readonly LoadedClientTrust[] {
  return listeners.flatMap((one) => {
    if (one.door !== 'ftp' || one.clientCertificates === 'off' || one.clientCaFile === null) return []
    const authorities = certificatesIn(readKeyText(one.clientCaFile))
    const rootless = authorities.filter((authority) => leadsNowhere(authority, authorities)).map(subjectOf)
    const trust = { caFile: one.clientCaFile, rootless }
    if (one.crlFile === null) return [trust]
    const lists = revocationLists(readKeyText(one.crlFile))
    const listed = (authority: X509Certificate) =>
      lists.some(({ issuer }) => issuer.equals(holderName(authority)))
    const unlisted = authorities.filter((authority) => !listed(authority)).map(subjectOf)
    return [{ ...trust, revocations: { file: one.crlFile, end: revocationEnd(lists), unlisted } }]
  })
}
