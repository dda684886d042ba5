import { globSync, readFileSync } from 'node:fs'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import { parseCommand } from '../../src/ftp/dispatch.ts'
import { replyForError } from '../../src/ftp/error-map.ts'
import type { Row } from '../../src/ftp/session.ts'
import { parseTranscript, type Step } from './ftp-transcript.ts'

const ROOT = new URL('../../', import.meta.url)
const TRANSCRIPTS = new URL('test/ftp/transcripts/', ROOT)

/** One command of a transcript, with every line that answered it. */
export type Exchange = Readonly<{ verb: string; argument: string; replies: readonly string[] }>

function lineOf(step: Step): string | undefined {
  if (step.kind === 'client') return step.text
  if (step.kind !== 'at') return undefined
  if (step.text === 'code') return 'ACCT <code>'
  if (step.text === 'port') return 'PORT <own>'
  const raw = /^raw (.+)$/.exec(step.text)?.[1]
  return raw === undefined ? undefined : String(JSON.parse(raw)).replace(/\r\n$/, '')
}

/** Whoever plays the transcripts proves that this is what the server says. */
export function exchangesOf(steps: readonly Step[]): Exchange[] {
  const found: { verb: string; argument: string; replies: string[] }[] = []
  for (const step of steps) {
    const line = lineOf(step)
    if (line !== undefined) found.push({ ...parseCommand(line), replies: [] })
    else if (step.kind === 'server') found.at(-1)?.replies.push(step.text)
  }
  return found
}

export function transcriptFiles(): { name: string; text: string }[] {
  const names = globSync('**/*.txt', { cwd: TRANSCRIPTS.pathname }).sort()
  return names.map((name) => ({ name, text: readFileSync(new URL(name, TRANSCRIPTS), 'utf8') }))
}

export function allExchanges(): Exchange[] {
  return transcriptFiles().flatMap(({ text }) => exchangesOf(parseTranscript(text)))
}

/** What each way into the files can refuse, whatever the verb. */
const VFS_REFUSALS = {
  resolve: ['path.invalid'],
  stat: ['path.not-found', 'access.denied'],
  lstat: ['path.not-found', 'access.denied'],
  openRead: ['path.not-found', 'path.is-directory', 'access.denied'],
  openWrite: ['path.not-found', 'path.is-directory', 'access.denied', 'quota.exceeded'],
  mkdir: ['path.not-found', 'path.exists', 'access.denied'],
  remove: ['path.not-found', 'path.is-directory', 'access.denied'],
  rmdir: ['path.not-found', 'path.not-directory', 'path.not-empty', 'access.denied'],
  rename: ['path.not-found', 'access.denied'],
  setAttributes: ['path.not-found', 'access.denied'],
  space: ['access.denied'],
} as const satisfies Partial<Record<keyof VfsSession, readonly ErrorCode[]>>

/** Functions that several verbs call, and where they stand. */
const SHARED: Readonly<Record<string, string>> = {
  sendFile: 'transfers.ts',
  openListing: 'listing.ts',
  openDirectoryListing: 'listing.ts',
  checksumBy: 'checksums.ts',
  setTarget: 'commands/port.ts',
  mfmt: 'commands/mfmt.ts',
  optsHash: 'commands/hash.ts',
  optsMode: 'commands/mode.ts',
  siteChmod: 'commands/site-chmod.ts',
  siteNamefmt: 'commands/site-namefmt.ts',
  siteStatus: 'commands/site-status.ts',
  siteUtime: 'commands/site-utime.ts',
}

/** Refusals that a method gives to others, but cannot to this verb. */
const IMPOSSIBLE: Readonly<Record<string, readonly ErrorCode[]>> = {
  // The name is new.
  STOU: ['path.is-directory'],
}

function sourceOf(file: string): string {
  return readFileSync(new URL(`src/ftp/${file}`, ROOT), 'utf8')
}

function functionIn(source: string, name: string): string {
  const found = new RegExp(`export (?:async )?function ${name}\\b[\\s\\S]*?\\n}\\n`).exec(source)?.[0]
  if (found === undefined) throw new Error(`no function ${name}`)
  return found
}

/** The verb's file without what it has for others, and the shared functions that it calls. */
function sourcesOf({ verb }: Row): string {
  const name = verb.toLowerCase()
  let own = sourceOf(`commands/${name}.ts`)
  for (const [shared, file] of Object.entries(SHARED))
    if (file === `commands/${name}.ts` && shared !== name) own = own.replace(functionIn(own, shared), '')
  const called = Object.entries(SHARED).filter(([shared]) => new RegExp(`\\b${shared}\\b`).test(own))
  return [own, ...called.map(([shared, file]) => functionIn(sourceOf(file), shared))].join('\n')
}

function refusal(row: Row, code: ErrorCode): string {
  const { code: number, lines } = replyForError(code, row.creates)
  return `${number} ${lines[0]}`
}

/** Replies that the dispatcher gives for the row's rules, as the whole line. */
export function ruleRefusals(row: Row): string[] {
  const codes: ErrorCode[] = []
  if (row.needs !== 'nothing') codes.push('auth.required')
  if (row.needs === 'data') codes.push('policy.data-encryption-required', 'transfer.no-data-connection')
  return codes.map((code) => refusal(row, code))
}

/** Replies of the core for what the verb does with files. */
export function fileRefusals(row: Row): string[] {
  const source = sourcesOf(row)
  const codes = Object.entries(VFS_REFUSALS).flatMap(([method, refusals]) =>
    new RegExp(`\\bfiles\\s*\\.${method}\\(`).test(source) ? refusals : [],
  )
  const possible = codes.filter((code) => !IMPOSSIBLE[row.verb]?.includes(code))
  return [...new Set(possible)].map((code) => refusal(row, code))
}

/** Replies that stand as text in the verb's sources, up to what they fill in, and codes thrown there. */
export function ownReplies(row: Row): RegExp[] {
  const source = sourcesOf(row)
  const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const spoken = [...source.matchAll(/\b(?:reply|closing)\(\s*(\d{3}),\s*(?:'([^']*)'|`([^`$]*)\$)/g)]
  const literal = spoken.map(
    ([, code, whole, start]) =>
      new RegExp(`^${code}[ -]${literally(whole ?? start ?? '')}${start === undefined ? '$' : ''}`),
  )
  const thrown = [...source.matchAll(/FileServerError\('([a-z.-]+)'/g)]
    .map(([, code]) => refusal(row, code as ErrorCode))
    .map((text) => new RegExp(`^${literally(text)}$`))
  return [...literal, ...thrown]
}
