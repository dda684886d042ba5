import { isUtf8 } from 'node:buffer'
import { OperatorError } from '../cli/failure.ts'
import { readKeyBytes } from '../config/key-files.ts'

const MAX_LINES = 50
const MAX_LINE_LENGTH = 500

/** The lines of a banner file. Throws OperatorError, or the system's error for an unreadable file. */
export function readBanner(path: string): readonly string[] {
  const refuse = (why: string, remedy = 'Shorten or correct the text.') =>
    new OperatorError(`${path} cannot be shown as a banner: ${why}.`, remedy)
  const bytes = readKeyBytes(path)
  if (!isUtf8(bytes)) throw refuse('it is not UTF-8', 'Save it as UTF-8.')
  const lines = bytes
    .toString('utf8')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
  if (lines.length > MAX_LINES) throw refuse(`it has ${lines.length} lines, more than ${MAX_LINES}`)
  for (const [index, line] of lines.entries()) {
    if (/\p{Cc}/u.test(line)) throw refuse(`line ${index + 1} holds a control character`)
    if (line.length > MAX_LINE_LENGTH)
      throw refuse(`line ${index + 1} has more than ${MAX_LINE_LENGTH} characters`)
  }
  return lines
}
