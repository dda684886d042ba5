import { createInterface, type Interface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { PassThrough } from 'node:stream'
import type { ReadStream, WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { OperatorError } from './failure.ts'

type Style = Parameters<typeof styleText>[0]

/** The person or script at the other end. Results go to `out`, prompts and errors to `err`. */
export type Terminal = {
  /** Somebody is there to answer a prompt. */
  readonly interactive: boolean
  out(line: string): void
  err(line: string): void
  /** Colours only a terminal that shows colours. */
  paint(style: Style, text: string): string
  /** `option` does without the question: what to try where nobody is there. */
  ask(question: string, option: string): Promise<string>
  /** Nothing that is typed is shown. */
  askSecret(question: string, option: string): Promise<string>
  /** All of standard input, at most `maxBytes`. */
  readInput(maxBytes: number): Promise<string>
}

export type Streams = Readonly<{
  stdin: Readable & Pick<ReadStream, 'isTTY'>
  stdout: Writable & Pick<WriteStream, 'isTTY'>
  stderr: Writable & Pick<WriteStream, 'isTTY'>
}>

export function createTerminal({ stdin, stdout, stderr }: Streams): Terminal {
  const interactive = stdin.isTTY === true && stderr.isTTY === true
  // Who reads may stop reading, as `| head` does: that is no failure of the command.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined)

  async function question(text: string, option: string, shown: boolean): Promise<string> {
    if (!interactive) {
      throw new OperatorError(
        `There is no terminal to ask "${text.trim()}" on.`,
        `Run the command in a terminal, or use ${option}.`,
      )
    }
    const output = shown ? stderr : new PassThrough().resume()
    const prompt = createInterface({ input: stdin, output, terminal: true, historySize: 0, prompt: text })
    // Only now that the terminal echoes nothing: who types at the first letter of a question must not see it either.
    if (shown) prompt.prompt()
    else stderr.write(text)
    try {
      return await answer(prompt)
    } finally {
      prompt.close()
      if (!shown) stderr.write('\n')
    }
  }

  return {
    interactive,
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    paint: (style, text) => styleText(style, text, { stream: stdout, validateStream: true }),
    ask: (text, option) => question(text, option, true),
    askSecret: (text, option) => question(text, option, false),
    readInput: (maxBytes) => readAll(stdin, maxBytes),
  }
}

/** The next line, or a cancelled command on Ctrl-C and Ctrl-D. */
function answer(prompt: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    const cancelled = () =>
      reject(new OperatorError('Cancelled; nothing was changed.', 'Run the command again.'))
    prompt.once('line', resolve)
    prompt.once('SIGINT', cancelled)
    prompt.once('close', cancelled)
  })
}

async function readAll(stdin: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    const part = Buffer.from(chunk)
    bytes += part.length
    if (bytes > maxBytes) {
      throw new OperatorError(
        `Standard input is longer than ${maxBytes} bytes.`,
        'Send only the wanted value.',
      )
    }
    chunks.push(part)
  }
  return Buffer.concat(chunks).toString('utf8')
}
