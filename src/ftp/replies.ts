// RFC 959 section 4.2: one line, or several between `code-` and `code `.

/** `after`: what the control connection does after it has sent the reply. */
export type Reply = Readonly<{ code: number; lines: readonly string[]; after?: 'close' | 'tls' }>

export function reply(code: number, ...lines: readonly string[]): Reply {
  return { code, lines }
}

export function closing(code: number, ...lines: readonly string[]): Reply {
  return { code, lines, after: 'close' }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
const CONTROLS = new RegExp(CONTROL, 'g')

/** Text from a client or a disk must not end the line it stands in, nor move an operator's terminal. */
export function printable(text: string): string {
  return CONTROL.test(text) ? text.replace(CONTROLS, '?') : text
}

/** RFC 959 appendix II: a quote inside a quoted path is doubled. */
export function quoted(path: string): string {
  return `"${path.replaceAll('"', '""')}"`
}

export function formatReply({ code, lines }: Reply): string {
  const [first] = lines
  if (lines.length === 1 && first !== undefined) return `${code} ${printable(first)}\r\n`
  const last = lines.length - 1
  return lines
    .map((line, index) => {
      const text = printable(line)
      if (index === last) return `${code} ${text}\r\n`
      if (index === 0) return `${code}-${text}\r\n`
      // A client may take any line that starts with a code for the end.
      return `${/^\d/.test(text) ? ' ' : ''}${text}\r\n`
    })
    .join('')
}
