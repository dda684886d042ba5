import { shownTime } from './shown-time.ts'
import type { Entry, EntryKind } from './storage.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const
/** Pipes, sockets and devices all show as pipes: a letter that clients do not know spoils the whole listing for some (curl, lftp). */
const KIND_LETTERS = { file: '-', directory: 'd', symlink: 'l', other: 'p' } as const satisfies Record<
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
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/
const CONTROLS = new RegExp(CONTROL, 'g')
const SIZE_WIDTH = 12
/** What stands before a size of so many digits. */
const BEFORE_SIZE = Array.from({ length: SIZE_WIDTH + 1 }, (_, digits) => ' '.repeat(SIZE_WIDTH - digits))

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

/** Mode, links and owner; most entries of a directory share them with the one before. */
function createStartFormat(): (entry: Entry) => string {
  const modeOf = remember(CACHED_DAYS, permissionText)
  let kind: EntryKind = 'other'
  let mode = -1
  let links = -1
  let text = ''
  return (entry) => {
    if (entry.mode === mode && entry.links === links && entry.kind === kind) return text
    ;({ kind, mode, links } = entry)
    text = `${KIND_LETTERS[kind]}${modeOf(mode & 0o777)} ${String(links).padStart(4)} ${OWNERS} `
    return text
  }
}

/** Date and time; the same for all entries of the same minute. */
function createTimeFormat(nowMs: number): (ms: number) => string {
  const dayOf = remember(CACHED_DAYS, describeDay)
  const showsYear = (ms: number) => ms <= nowMs - RECENT_MS || ms > nowMs + AHEAD_MS
  let from = Number.NaN
  let text = ''
  return (time) => {
    if (time >= from && time < from + MINUTE_MS) return text
    const ms = shownTime(time)
    const day = Math.floor(ms / DAY_MS)
    const { date, year } = dayOf(day)
    const minutes = Math.floor((ms - day * DAY_MS) / MINUTE_MS)
    text = showsYear(ms)
      ? `${date} ${year}`
      : `${date} ${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`
    const start = day * DAY_MS + minutes * MINUTE_MS
    // Within the minute in which the year takes the place of the time, the next one may differ.
    from = showsYear(start) === showsYear(start + MINUTE_MS - 1) ? start : Number.NaN
    return text
  }
}

/** A name as it may stand in a line: control characters but the tab become `?`, so that it can't make a second one. */
export function lineName(name: string): string {
  return CONTROL.test(name) ? name.replace(CONTROLS, '?') : name
}

/** What stands before the name in a line of `createLsFormat`; ASCII. */
export function createLsHead(nowMs: number): (entry: Entry) => string {
  const startOf = createStartFormat()
  const timeOf = createTimeFormat(nowMs)
  return (entry) => {
    const size = String(entry.size)
    return `${startOf(entry)}${BEFORE_SIZE[size.length] ?? ''}${size} ${timeOf(entry.mtimeMs)} `
  }
}

/**
 * Writes entries as `ls -l` does, without the line end; one formatter per listing, so that days and modes are put into
 * words once. Times are UTC. Owner and group are fixed: the system's names are not for the wire. A symbolic link shows
 * no target.
 */
export function createLsFormat(nowMs: number): (entry: Entry) => string {
  const headOf = createLsHead(nowMs)
  return (entry) => headOf(entry) + lineName(entry.name)
}
