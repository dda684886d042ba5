import { errorCodeOf, FileServerError } from '../core/errors.ts'
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
  /** What stands before the names in an NLST of a pattern: the directory as the client wrote it. */
  readonly prefix: string
  readonly batches: AsyncIterable<readonly Entry[]>
  /** Whoever opened the listing closes it, read to its end or not. */
  close(): Promise<void>
}

/** `ls` flags that clients send; LIST shows hidden entries anyway and never goes into subdirectories. */
const FLAGS = /^(?:-[aAlLhFtrSRd1]+(?: +|$))+/

/** The argument of LIST, NLST and STAT: flags, then a file, a directory, or a pattern in the last component. */
export async function openListing(files: VfsSession, cwd: VirtualPath, argument: string): Promise<Listing> {
  const name = argument.replace(FLAGS, '')
  const path = name === '' ? cwd : files.resolve(cwd, name)
  let entry: Entry
  try {
    entry = await files.stat(path)
  } catch (error) {
    const last = name.slice(name.lastIndexOf('/') + 1)
    if (errorCodeOf(error) !== 'path.not-found' || !isPattern(last)) throw error
    const prefix = name.slice(0, name.length - last.length)
    const parent = prefix === '' ? cwd : files.resolve(cwd, prefix)
    return openDirectory(files, parent, { prefix, wanted: (found) => matchesWildcard(last, found.name) })
  }
  if (entry.kind === 'directory') return openDirectory(files, path)
  return { path, single: true, prefix: '', batches: once([entry]), close: async () => undefined }
}

/** Throws path.not-directory for what MLSD must not list. */
export async function openDirectoryListing(files: VfsSession, path: VirtualPath): Promise<Listing> {
  const entry = await files.stat(path)
  if (entry.kind !== 'directory') throw new FileServerError('path.not-directory')
  return openDirectory(files, path)
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
