import { X509Certificate } from 'node:crypto'
import { OperatorError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { readText } from './files.ts'

const MAX_CERTIFICATE_BYTES = 65_536

/** The first certificate in a PEM file; `-` is standard input. */
export async function readCertificate(source: string, terminal: Terminal): Promise<X509Certificate> {
  const text = source === '-' ? await terminal.readInput(MAX_CERTIFICATE_BYTES) : await readText(source)
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new OperatorError(
      `${source} holds a private key, which must stay with its owner.`,
      'Give the file with the certificate alone, such as client.crt.',
    )
  }
  try {
    return new X509Certificate(text)
  } catch (error) {
    throw new OperatorError(`${source} holds no certificate.`, 'Give a PEM file such as client.crt.', {
      cause: error,
    })
  }
}
