import { createPrivateKey, X509Certificate } from 'node:crypto'
import { OperatorError } from '../cli/failure.ts'
import { isOpenToOthers, readKeyText } from '../config/key-files.ts'
import type { Config } from '../config/schema.ts'
import type { TlsMaterial } from '../ftp/settings.ts'
import { type HostKey, parseHostKey } from '../sftp/host-keys.ts'

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

/** The server's certificate chain and its key. Throws OperatorError, or the system's error for an unreadable file. */
export function readTlsMaterial({ tls }: Config): TlsMaterial & { leaf: X509Certificate } {
  const certificate = readKeyText(tls.certificateFile)
  const key = readPrivate(tls.keyFile)
  const leaf = parse(
    tls.certificateFile,
    'a PEM certificate',
    "Put the server's certificate first, then the certificates that lead to its authority.",
    () => new X509Certificate(certificate),
  )
  const privateKey = parse(
    tls.keyFile,
    'a PEM private key',
    'Put the key of the certificate there, without a passphrase.',
    () => createPrivateKey(key),
  )
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new OperatorError(
      `${tls.keyFile} is not the key of the certificate in ${tls.certificateFile}.`,
      'Put the matching pair there; `openssl x509 -noout -pubkey` and `openssl pkey -pubout` must print the same.',
    )
  }
  return { certificate, key, leaf }
}

/** Every host key of the configuration. Throws OperatorError, or the system's error for an unreadable file. */
export function readHostKeys({ keys }: Config): readonly HostKey[] {
  return keys.hostKeys.map((path) =>
    parse(path, 'a usable host key', 'Replace it, or take it out of `keys.hostKeys`.', () =>
      parseHostKey(path, readPrivate(path)),
    ),
  )
}
