// RFC 3659 section 2.3: YYYYMMDDHHMMSS[.sss], always UTC.

const DAY_MS = 86_400_000

/** The day that was put into words last: most entries of a directory share a few, one after the other. */
let lastDay = Number.NaN
let lastDate = ''

function dateOf(day: number): string {
  if (day !== lastDay) {
    lastDay = day
    lastDate = new Date(day * DAY_MS).toISOString().replace(/-|T.*$/g, '')
  }
  return lastDate
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** Whole seconds: several clients do not take the fraction. */
export function formatTime(ms: number): string {
  const day = Math.floor(ms / DAY_MS)
  const seconds = Math.floor((ms - day * DAY_MS) / 1000)
  const minutes = Math.floor(seconds / 60)
  return `${dateOf(day)}${twoDigits(Math.floor(minutes / 60))}${twoDigits(minutes % 60)}${twoDigits(seconds % 60)}`
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
