import { OperatorError } from './failure.ts'
import type { Terminal } from './terminal.ts'
import type { Input, OptionRow } from './verb.ts'

/** NIST SP 800-63B asks for at least 8 characters; more than this many bytes is no password but an accident. */
const MIN_CHARACTERS = 8
const MAX_BYTES = 512

export const STDIN_OPTION: OptionRow = {
  flags: '--stdin',
  help: 'read the password from the first line of standard input instead of asking',
}

/** A new password, asked twice without showing it, or with `--stdin` the first line there. Never an argument. */
export async function readNewPassword(input: Input, terminal: Terminal, name: string): Promise<string> {
  if (input.flag('stdin')) {
    const [line = ''] = (await terminal.readInput(MAX_BYTES * 2)).split(/\r?\n/, 1)
    return checked(line)
  }
  const password = checked(await terminal.askSecret(`New password for ${name}: `, '--stdin'))
  const again = await terminal.askSecret('The same again: ', '--stdin')
  if (again !== password)
    throw new OperatorError('The two passwords differ; nothing was changed.', 'Run it again.')
  return password
}

function checked(password: string): string {
  const refuse = (message: string, remedy: string) => {
    throw new OperatorError(message, remedy)
  }
  if ([...password].length < MIN_CHARACTERS) {
    refuse(
      `A password needs at least ${MIN_CHARACTERS} characters; nothing was changed.`,
      'Choose a longer one.',
    )
  }
  if (Buffer.byteLength(password) > MAX_BYTES) {
    refuse(`A password may have at most ${MAX_BYTES} bytes; nothing was changed.`, 'Choose a shorter one.')
  }
  // A line break cannot be sent by any FTP client, and no client can type the rest.
  if (/\p{Cc}/u.test(password)) {
    refuse(
      'A password may not hold control characters; nothing was changed.',
      'Use characters that can be typed.',
    )
  }
  return password
}
