import { OperatorError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { readText } from './files.ts'

const MAX_KEY_BYTES = 65_536
/** A kind of key and its blob, which begins with the length of a short name. */
const KEY_LINE = /(^|\s)[a-z][a-z0-9@.-]+\s+AAAA/

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
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'))
  const remedy = 'Give a file such as id_ed25519.pub.'
  if (lines.length === 0) throw new OperatorError(`${source} holds no public key.`, remedy)
  // A file of another kind would give as many complaints as it has lines.
  const other = lines.find((line) => !KEY_LINE.test(line.text))
  if (other !== undefined) {
    throw new OperatorError(`${source}:${other.number} is no SSH public key.`, remedy)
  }
  return lines.map((line) => line.text)
}
