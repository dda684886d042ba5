// RFC 3659 section 2.3: YYYYMMDDHHMMSS[.sss], always UTC.

/** Whole seconds: several clients do not take the fraction. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:T]|\..*$/g, '')
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?$/

/** Milliseconds since the epoch; undefined when it is not a time. */
export function parseTime(text: string): number | undefined {
  const match = TIME.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = ''] = match
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3))
  const time = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    ms,
  )
  // Date.UTC takes the 31st of April for the 1st of May; a time that does not come back as it went in is none.
  return formatTime(time) === text.slice(0, 14) ? time : undefined
}
