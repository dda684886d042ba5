// RFC 3659 section 2.3: YYYYMMDDHHMMSS[.sss], always UTC.
import { shownTime } from '../core/vfs/shown-time.ts'

const MINUTE_MS = 60_000

/** The minute that was put into words last: most entries of a directory share a few, one after the other. */
let lastMinute = Number.NaN
let lastText = ''

function textOf(minute: number): string {
  if (minute !== lastMinute) {
    lastMinute = minute
    lastText = new Date(minute * MINUTE_MS).toISOString().replace(/:\d\d\..*$|[-T:]/g, '')
  }
  return lastText
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** Whole seconds: several clients do not take the fraction. */
export function formatTime(time: number): string {
  const ms = shownTime(time)
  const minute = Math.floor(ms / MINUTE_MS)
  return textOf(minute) + twoDigits(Math.floor((ms - minute * MINUTE_MS) / 1000))
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d+))?$/

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
