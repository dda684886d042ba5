import { OperatorError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { readText } from './files.ts'

const MAX_KEY_BYTES = 65_536

/** The public keys in a file, one a line as in `authorized_keys`; `-` is standard input. At least one. */
export async function readKeyLines(source: string, terminal: Terminal): Promise<string[]> {
  const text = source === '-' ? await terminal.readInput(MAX_KEY_BYTES) : await readText(source)
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new OperatorError(
      `${source} holds a private key, which must stay with its owner.`,
      'Give the public one, such as id_ed25519.pub.',
    )
  }
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (lines.length === 0) {
    throw new OperatorError(`${source} holds no public key.`, 'Give a file such as id_ed25519.pub.')
  }
  return lines
}
