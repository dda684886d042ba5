import { errorCodeOf } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { VirtualPath } from '../core/vfs/path.ts'
import type { VfsSession } from '../core/vfs/session.ts'
import type { Entry } from '../core/vfs/storage.ts'
import { matchesWildcard } from '../core/wildcard.ts'
import { isPattern } from './glob.ts'

/** Entries of a listing whose first batch has been read, so that a refusal came before the data connection. */
export type Listing = {
  /** The directory the entries are in; the entry's own path when `single`. */
  readonly path: VirtualPath
  readonly single: boolean
  /** What makes of a name one that RETR takes from where the client is: the directory as the client wrote it. */
  readonly prefix: string
  readonly batches: AsyncIterable<readonly Entry[]>
  /** Whoever opened the listing closes it, read to its end or not. */
  close(): Promise<void>
}

/**
 * `ls` flags that clients send, up to `--`. Only `d` counts: LIST shows hidden entries anyway, in the order of the
 * storage, and never goes into subdirectories.
 */
const FLAGS = /^(?:-[aAcCdFhlLnrRStu1]+(?: +|$))*(?:--(?: +|$))?/

/** What may stand for flags that nobody here knows: they count for none, but a file of that name comes first. */
const STRANGE_FLAGS = /^(?:-[a-zA-Z0-9]+(?: +|$))+/

/** The argument of LIST, NLST and STAT: flags, then a file, a directory, or a pattern in the last component. */
export async function openListing(files: VfsSession, cwd: VirtualPath, argument: string): Promise<Listing> {
  const flags = FLAGS.exec(argument)?.[0] ?? ''
  const name = argument.slice(flags.length)
  const itself = flags.includes('d')
  try {
    return await openNamed(files, cwd, { name, itself })
  } catch (error) {
    const rest = name.replace(STRANGE_FLAGS, '')
    if (errorCodeOf(error) !== 'path.not-found' || rest === name) throw error
    return openNamed(files, cwd, { name: rest, itself })
  }
}

/** `itself`: a directory is listed in place of what it holds. */
type Wanted = Readonly<{ name: string; itself: boolean }>

async function openNamed(files: VfsSession, cwd: VirtualPath, { name, itself }: Wanted): Promise<Listing> {
  const path = name === '' ? cwd : files.resolve(cwd, name)
  let entry: Entry
  try {
    entry = await described(files, path)
  } catch (error) {
    const { prefix, last } = split(name)
    if (errorCodeOf(error) !== 'path.not-found' || !isPattern(last)) throw error
    const parent = prefix === '' ? cwd : files.resolve(cwd, prefix)
    return openDirectory(files, parent, { prefix, wanted: (found) => matchesWildcard(last, found.name) })
  }
  if (entry.kind === 'directory' && !itself)
    return openDirectory(files, path, { prefix: inside(name), wanted: undefined })
  const { prefix, last } = split(name.replace(/\/+$/, ''))
  const shown = { ...(await files.lstat(path)), name: last === '' ? '.' : last }
  return { path, single: true, prefix, batches: once([shown]), close: async () => undefined }
}

/** A link that leads nowhere is there all the same, as it is in the listing of its directory. */
async function described(files: VfsSession, path: VirtualPath): Promise<Entry> {
  try {
    return await files.stat(path)
  } catch (error) {
    if (errorCodeOf(error) !== 'path.not-found') throw error
    return files.lstat(path)
  }
}

/** What stands before the names in the directory `name`. */
function inside(name: string): string {
  if (name === '' || name === '.') return ''
  return name.endsWith('/') ? name : `${name}/`
}

function split(name: string): { prefix: string; last: string } {
  const at = name.lastIndexOf('/') + 1
  return { prefix: name.slice(0, at), last: name.slice(at) }
}

/** Undefined for what exists and MLSD must not list. */
export async function openDirectoryListing(
  files: VfsSession,
  path: VirtualPath,
): Promise<Listing | undefined> {
  const { kind } = await files.stat(path)
  return kind === 'directory' ? openDirectory(files, path) : undefined
}

type Selection = Readonly<{ prefix: string; wanted: ((entry: Entry) => boolean) | undefined }>

async function openDirectory(
  files: VfsSession,
  path: VirtualPath,
  { prefix, wanted }: Selection = { prefix: '', wanted: undefined },
): Promise<Listing> {
  const iterator = files.list(path)[Symbol.asyncIterator]()
  const first = await iterator.next()
  async function* batches(): AsyncGenerator<readonly Entry[]> {
    for (let step = first; step.done !== true; step = await iterator.next())
      yield wanted === undefined ? step.value : step.value.filter(wanted)
  }
  return {
    path,
    single: false,
    prefix,
    batches: batches(),
    close: async () => {
      await iterator.return?.()
    },
  }
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value
}

/** Links as `look` gives them; most batches have none and go through as they are. What throws stays what it was. */
export async function* withLinks(
  batches: AsyncIterable<readonly Entry[]>,
  look: (link: Entry) => MaybePromise<Entry>,
): AsyncGenerator<readonly Entry[]> {
  for await (const batch of batches) {
    if (batch.every((entry) => entry.kind !== 'symlink')) {
      yield batch
      continue
    }
    const out: Entry[] = []
    for (const entry of batch) out.push(entry.kind === 'symlink' ? await tried(entry, look) : entry)
    yield out
  }
}

async function tried(link: Entry, look: (link: Entry) => MaybePromise<Entry>): Promise<Entry> {
  try {
    return await look(link)
  } catch {
    return link
  }
}

/** With the targets of links behind their names, as `ls -l` shows them: some clients take a link without one for no line. */
export function withTargets(
  files: VfsSession,
  { path, single, batches }: Listing,
): AsyncGenerator<readonly Entry[]> {
  return withLinks(batches, async (link) => {
    const target = await files.readLink(single ? path : files.resolve(path, link.name))
    return { ...link, name: `${link.name} -> ${target}` }
  })
}

/** As much as goes to the client in one write; a big directory must not become thousands of small ones. */
const TEXT_LENGTH = 64 * 1024

/** Texts of whole lines. */
export async function* asText(
  batches: AsyncIterable<readonly Entry[]>,
  line: (entry: Entry) => string,
): AsyncGenerator<string> {
  let text = ''
  for await (const batch of batches) {
    for (const entry of batch) text += `${line(entry)}\r\n`
    if (text.length < TEXT_LENGTH) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}
