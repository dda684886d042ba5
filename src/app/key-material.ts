import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { OperatorError } from '../cli/failure.ts'
import type { LoadedCertificate } from '../cli/services.ts'
import { isOpenToOthers, readKeyText } from '../config/key-files.ts'
import type { Config } from '../config/schema.ts'
import type { ClientTrust, TlsIdentity, TlsMaterial } from '../ftp/settings.ts'
import { type HostKey, parseHostKey } from '../sftp/host-keys.ts'
import type { FtpListener } from './settings.ts'

/** A private key that others can read is no secret; serving with it would hide that. */
function readPrivate(path: string): string {
  const text = readKeyText(path)
  if (isOpenToOthers(path)) {
    throw new OperatorError(
      `${path} can be read by other accounts of this machine.`,
      `Close it with \`chmod 600 ${path}\`; if others may have read it, make a new key.`,
    )
  }
  return text
}

function parse<T>(path: string, what: string, remedy: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new OperatorError(`${path} is not ${what}: ${why}`, remedy, { cause: error })
  }
}

type PairFiles = Readonly<{ certificateFile: string; keyFile: string }>

/** A certificate chain and its key. Throws OperatorError, or the system's error for an unreadable file. */
function readIdentity({ certificateFile, keyFile }: PairFiles): TlsIdentity & { leaf: X509Certificate } {
  const certificate = readKeyText(certificateFile)
  const key = readPrivate(keyFile)
  const leaf = parse(
    certificateFile,
    'a PEM certificate',
    "Put the server's certificate first, then the certificates that lead to its authority.",
    () => new X509Certificate(certificate),
  )
  const privateKey = parse(
    keyFile,
    'a PEM private key',
    'Put the key of the certificate there, without a passphrase.',
    () => createPrivateKey(key),
  )
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new OperatorError(
      `${keyFile} is not the key of the certificate in ${certificateFile}.`,
      'Put the matching pair there; `openssl x509 -noout -pubkey` and `openssl pkey -pubout` must print the same.',
    )
  }
  // The rest of the chain, and what OpenSSL finds too weak, would otherwise show at the first handshake.
  parse(
    certificateFile,
    'a certificate chain that TLS can use',
    "Put the certificates of the chain there, each a whole PEM block, with keys of today's sizes.",
    () => createSecureContext({ cert: certificate, key }),
  )
  return { certificate, key, leaf }
}

function pairOf({ certificateFile, keyFile }: FtpListener | FtpListener['hosts'][number]) {
  return certificateFile === null || keyFile === null ? undefined : { certificateFile, keyFile }
}

function readClientTrust(listener: FtpListener): ClientTrust | undefined {
  const { clientCertificates, clientCaFile, crlFile } = listener
  if (clientCertificates === 'off' || clientCaFile === null) return undefined
  const authorities = readKeyText(clientCaFile)
  const certificates = 'a PEM file of certificates'
  const remedy = 'Put the certificates of the authorities that sign client certificates there.'
  parse(clientCaFile, certificates, remedy, () => new X509Certificate(authorities))
  parse(clientCaFile, certificates, remedy, () => createSecureContext({ ca: authorities }))
  const revoked = crlFile === null ? undefined : readKeyText(crlFile)
  if (crlFile !== null && revoked !== undefined) {
    parse(crlFile, 'a PEM revocation list', 'Put the list of each authority there, in PEM.', () =>
      createSecureContext({ ca: authorities, crl: revoked }),
    )
  }
  return { required: clientCertificates === 'require', authorities, revoked }
}

/** All of an ftp listener's certificates. Throws OperatorError, or the system's error for an unreadable file. */
export function readTlsMaterial({ tls }: Config, listener: FtpListener): TlsMaterial {
  const hosts = listener.hosts.flatMap((host) => {
    const pair = pairOf(host)
    return pair === undefined ? [] : [[host.name, readIdentity(pair)] as const]
  })
  const clients = readClientTrust(listener)
  return {
    ...readIdentity(pairOf(listener) ?? tls),
    hosts: new Map(hosts),
    ...(clients !== undefined && { clients }),
  }
}

/** Every certificate that some listener shows, once. Throws as `readTlsMaterial` does. */
export function readCertificates(config: Config): readonly LoadedCertificate[] {
  const listeners = config.listeners.filter((listener) => listener.door === 'ftp')
  for (const listener of listeners) readClientTrust(listener)
  const uses = listeners.flatMap((one) => [
    { pair: pairOf(one) ?? config.tls, host: undefined },
    ...one.hosts.flatMap((host) => ({ pair: pairOf(host), host: host.name })),
  ])
  const files = new Map(uses.map(({ pair }) => [pair?.certificateFile, pair]))
  return [...files.values()].flatMap((pair) => {
    if (pair === undefined) return []
    const file = pair.certificateFile
    const { leaf } = readIdentity(pair)
    const hosts = uses.flatMap((use) => (use.pair?.certificateFile === file ? (use.host ?? []) : []))
    return [{ file, leaf, unnamed: hosts.filter((host) => leaf.checkHost(host) === undefined) }]
  })
}

/** Every host key that some listener shows, once; of a server without SFTP none. Throws as `readHostKeys` does. */
export function readAllHostKeys(config: Config): readonly HostKey[] {
  const shown = config.listeners.flatMap((listener) => {
    if (listener.door !== 'sftp') return []
    return listener.hostKeys.length > 0 ? listener.hostKeys : config.keys.hostKeys
  })
  return shown.length > 0 ? readHostKeys(config, [...new Set(shown)]) : []
}

/** The listener's host keys. Throws OperatorError, or the system's error for an unreadable file. */
export function readHostKeys({ keys }: Config, own: readonly string[]): readonly HostKey[] {
  return (own.length > 0 ? own : keys.hostKeys).map((path) => {
    const text = readPrivate(path)
    return parse(path, 'a usable host key', 'Replace it, or take it out of the list.', () =>
      parseHostKey(path, text),
    )
  })
}
