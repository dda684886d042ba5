// RFC 959 section 4.2: one line, or several between `code-` and `code `.

/** `after`: what the control connection does after it has sent the reply. */
export type Reply = Readonly<{ code: number; lines: readonly string[]; after?: 'close' | 'tls' }>

export function reply(code: number, ...lines: readonly string[]): Reply {
  return { code, lines }
}

export function closing(code: number, ...lines: readonly string[]): Reply {
  return { code, lines, after: 'close' }
}

/** NUL is part of what telnet makes of a CR. */
const BREAK = /[\r\n\0]/
const BREAKS = new RegExp(BREAK, 'g')

/**
 * A name that a client may use again has to come as it is, but must not end the line it stands in. What is for eyes only,
 * as `ls -l` lines are, loses all other controls as well.
 */
export function oneLine(text: string): string {
  return BREAK.test(text) ? text.replace(BREAKS, '?') : text
}

/** RFC 959 appendix II: a quote inside a quoted path is doubled. */
export function quoted(path: string): string {
  return `"${path.replaceAll('"', '""')}"`
}

export function formatReply({ code, lines }: Reply): string {
  const [first] = lines
  if (lines.length === 1 && first !== undefined) return `${code} ${oneLine(first)}\r\n`
  const last = lines.length - 1
  return lines
    .map((line, index) => {
      const text = oneLine(line)
      if (index === last) return `${code} ${text}\r\n`
      if (index === 0) return `${code}-${text}\r\n`
      // A client may take any line that starts with a code for the end.
      return `${/^\d/.test(text) ? ' ' : ''}${text}\r\n`
    })
    .join('')
}
