import { closeSync, constants, ftruncate } from 'node:fs'
import { promisify } from 'node:util'
import { FileServerError } from '../../core/errors.ts'
import type { Entry, Usage, WriteOptions } from '../../core/vfs/storage.ts'
import { requirePatience } from '../patience.ts'
import { NO_USAGE } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { cloneContent, copyContent } from './copy-content.ts'
import { usageOf } from './entry.ts'
import { errnoOf } from './errno.ts'
import { LINK, type Spot } from './jail.ts'
import { closeFile, LARGE_BYTES, lettingGo } from './letting-go.ts'
import { inside, OPEN_SAFELY } from './proc.ts'
import { type OpenFile, openFile, requireFile } from './read-handle.ts'
import type { LocalSystem } from './system.ts'

const { O_RDWR, O_RDONLY, O_CREAT, O_EXCL } = constants
const OPEN_PARTIAL = O_RDWR | OPEN_SAFELY
const MAKE_PARTIAL = O_CREAT | O_EXCL | OPEN_PARTIAL
/** Nobody but the server reads a partial; the final mode comes at commit. */
const PARTIAL_MODE = 0o600

const truncate = promisify(ftruncate)

/** `fresh`: made by this upload, so that nothing but its own mode can be on it. */
export type Partial = Readonly<{
  fd: number
  size: number
  inherited: Usage
  continues: boolean
  fresh: boolean
}>

/** Goes on with a partial that was found. */
export function reopen(system: LocalSystem, directory: number, partial: Entry): Partial {
  const fd = system.open(directory, partial.name, OPEN_PARTIAL)
  try {
    const entry = system.fstat(fd, partial.name)
    requireFile(entry)
    return { fd, size: entry.size, inherited: usageOf(partial), continues: true, fresh: false }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** A new partial; drops what is in its place. That there mostly is nothing is found out by trying. */
export function createEmpty(system: LocalSystem, directory: number, name: string): Partial {
  let fd: number
  let inherited = NO_USAGE
  try {
    fd = system.open(directory, name, MAKE_PARTIAL, PARTIAL_MODE)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    const old = system.lstat(directory, name)
    inherited = usageOf(old)
    lettingGo(directory, old, () => system.unlink(directory, name))
    fd = system.open(directory, name, MAKE_PARTIAL, PARTIAL_MODE)
  }
  return { fd, size: 0, inherited, continues: false, fresh: true }
}

/** What is to be copied, and how much of it. */
type Original = Readonly<{ file: OpenFile; spot: Spot; size: number }>

/** The partial's name, and the one under which it is made. */
export type CopyNames = Readonly<{ name: string; draft: string }>

/**
 * A partial with what the file has, made by a copy where the file system can't share blocks. It gets its name when it is
 * whole: what a crash leaves of it must not be gone on from. Nothing is left of one that failed, or that nobody waits for
 * any more.
 */
export async function copyExisting(
  context: LocalContext,
  spot: Spot,
  { name, draft }: CopyNames,
  options: WriteOptions,
): Promise<Partial> {
  const { system } = context
  const directory = spot.directory.fd
  const file = openFile(system, spot, O_RDONLY)
  if (file === LINK) throw new FileServerError('storage.busy', 'the file became a link')
  const size = Math.min(file.entry.size, options.upTo ?? file.entry.size)
  const original = { file, spot, size }
  try {
    await options.reserve?.(size)
    requirePatience(options.patience)
    const inherited = dropLeftover(system, directory, draft)
    const { fd, size: copied } =
      (await makeClone(context, original, draft)) ?? (await makeCopy(context, original, draft, options))
    const remove = () => system.unlink(directory, draft)
    const made = await orRemoved(fd, remove, async () => {
      system.rename(directory, draft, directory, name)
      return copied
    })
    return { ...made, inherited, continues: false, fresh: false }
  } finally {
    await closeFile(file.fd, file.entry.size)
  }
}

/** Of a copy that a crash ended; it was charged before it was made. */
function dropLeftover(system: LocalSystem, directory: number, draft: string): Usage {
  const old = system.lstat(directory, draft)
  if (old !== undefined) lettingGo(directory, old, () => system.unlink(directory, draft))
  return usageOf(old)
}

type Made = Readonly<{ fd: number; size: number }>

/** Undefined, and nothing is made, where the file system can't. */
async function makeClone(
  { system }: LocalContext,
  { file, spot, size }: Original,
  name: string,
): Promise<Made | undefined> {
  const directory = spot.directory.fd
  if (!(await cloneContent(file.fd, inside(directory, name)))) return undefined
  const remove = () => system.unlink(directory, name)
  return orRemoved(reopenMade(system, directory, name, remove), remove, async (fd) => {
    const made = system.fstat(fd, name)
    if (made.size <= size) return made.size
    await truncate(fd, size)
    return size
  })
}

function reopenMade(system: LocalSystem, directory: number, name: string, remove: () => void): number {
  try {
    return system.open(directory, name, OPEN_PARTIAL)
  } catch (error) {
    remove()
    throw error
  }
}

function makeCopy(
  { system, copies }: LocalContext,
  { file, spot, size }: Original,
  name: string,
  { owner, patience }: WriteOptions,
): Promise<Made> {
  const directory = spot.directory.fd
  const made = system.open(directory, name, MAKE_PARTIAL, PARTIAL_MODE)
  const remove = () => system.unlink(directory, name)
  return orRemoved(made, remove, (fd) =>
    copyContent({ from: file.fd, to: fd, size, owner, patience }, copies),
  )
}

/** Has `fill` give the size of what was made; when that fails it is removed and closed. */
async function orRemoved(
  fd: number,
  remove: () => void,
  fill: (fd: number) => Promise<number>,
): Promise<Made> {
  try {
    return { fd, size: await fill(fd) }
  } catch (error) {
    try {
      remove()
    } finally {
      // How much of it there is by now nobody has counted.
      await closeFile(fd, LARGE_BYTES)
    }
    throw error
  }
}
