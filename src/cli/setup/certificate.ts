// x509 finds its algorithms through reflection that the language does not have.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** The longest life that common clients accept of a server certificate. */
export const CERTIFICATE_DAYS = 825
/** Clients whose clock is a little late must accept it too. */
const BACKDATE_MS = 3_600_000
const DAY_MS = 86_400_000
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' }

export type ServerNames = Readonly<{ hosts: readonly string[]; addresses: readonly string[] }>

export type CertificateSet = Readonly<{ authority: string; certificate: string; key: string; notAfter: Date }>

/**
 * A certificate for this server under an authority of its own, all PEM. Clients are given the authority; its private
 * key never leaves this function, so nobody, not even a thief of the keys folder, can sign a second certificate with it.
 */
export async function makeCertificates(names: ServerNames, now: number): Promise<CertificateSet> {
  const life = {
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now - BACKDATE_MS + CERTIFICATE_DAYS * DAY_MS),
  }
  const authorityKeys = await makeKeys()
  const authority = await makeAuthority(authorityKeys, life)
  const serverKeys = await makeKeys()
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${names.hosts[0] ?? 'localhost'}`,
    issuer: authority.subject,
    ...life,
    publicKey: serverKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...names.hosts.map((value) => ({ type: 'dns' as const, value })),
        ...names.addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await SubjectKeyIdentifierExtension.create(serverKeys.publicKey),
      await AuthorityKeyIdentifierExtension.create(authority),
    ],
  })
  const key = await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey)
  return {
    authority: `${authority.toString('pem')}\n`,
    certificate: `${certificate.toString('pem')}\n`,
    key: `${PemConverter.encode(key, 'PRIVATE KEY')}\n`,
    notAfter: life.notAfter,
  }
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

async function makeAuthority(
  keys: webcrypto.CryptoKeyPair,
  life: { notBefore: Date; notAfter: Date },
): Promise<X509Certificate> {
  return X509CertificateGenerator.createSelfSigned({
    name: 'CN=File transfer authority of this server',
    ...life,
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
}
