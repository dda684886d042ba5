import type { Entry, EntryKind } from './storage.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const
const KIND_LETTERS = { file: '-', directory: 'd', symlink: 'l', other: '?' } as const satisfies Record<
  EntryKind,
  string
>
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Half of a mean Gregorian year: older entries show the year in place of the time, as ls does. */
const RECENT_MS = 15_778_476_000
/** An entry written while the listing runs must not look like one from the future. */
const AHEAD_MS = MINUTE_MS
/** Days kept per listing: a year's worth; more distinct days start the cache anew. */
const CACHED_DAYS = 400
/** Owner and group of everything: the system's names are not for the wire. */
export const OWNER_NAME = 'ftp'
const OWNERS = `${OWNER_NAME.padEnd(8)} ${OWNER_NAME.padEnd(8)}`
const CONTROL = /\p{Cc}/u
const CONTROLS = /\p{Cc}/gu

type Day = Readonly<{ date: string; year: string }>

function permissionText(mode: number): string {
  let text = ''
  for (let bit = 8; bit >= 0; bit -= 1) text += mode & (1 << bit) ? 'xwr'.charAt(bit % 3) : '-'
  return text
}

function describeDay(day: number): Day {
  const date = new Date(day * DAY_MS)
  const dayOfMonth = String(date.getUTCDate()).padStart(2)
  return {
    date: `${MONTHS[date.getUTCMonth()]} ${dayOfMonth}`,
    year: String(date.getUTCFullYear()).padStart(5),
  }
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** Keeps what `make` answered, for at most `max` keys at a time. */
function remember<T>(max: number, make: (key: number) => T): (key: number) => T {
  const known = new Map<number, T>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size >= max) known.clear()
    const made = make(key)
    known.set(key, made)
    return made
  }
}

/**
 * Writes entries as `ls -l` does, without the line end; one formatter per listing, so that days and modes are put into
 * words once. Times are UTC. Owner and group are fixed. A symbolic link shows
 * no target, control characters in names become `?`, so that a name can't make a second line.
 */
export function createLsFormat(nowMs: number): (entry: Entry) => string {
  const dayOf = remember(CACHED_DAYS, describeDay)
  const modeOf = remember(CACHED_DAYS, permissionText)
  const time = (ms: number): string => {
    const day = Math.floor(ms / DAY_MS)
    const { date, year } = dayOf(day)
    if (ms <= nowMs - RECENT_MS || ms > nowMs + AHEAD_MS) return `${date} ${year}`
    const minutes = Math.floor((ms - day * DAY_MS) / MINUTE_MS)
    return `${date} ${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`
  }
  return (entry) => {
    const name = CONTROL.test(entry.name) ? entry.name.replace(CONTROLS, '?') : entry.name
    const mode = `${KIND_LETTERS[entry.kind]}${modeOf(entry.mode & 0o777)}`
    const links = String(entry.links).padStart(4)
    return `${mode} ${links} ${OWNERS} ${String(entry.size).padStart(12)} ${time(entry.mtimeMs)} ${name}`
  }
}
