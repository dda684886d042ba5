import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FileServerError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'

/** Holds while `held` says so; whoever acquired it releases it. */
export type FileLock = { held(): Promise<boolean>; release(): Promise<void> }

type Owner = Readonly<{ pid: number; token: string; atMs: number }>

/** An edit takes milliseconds. A lock this old was left behind, whoever has its process id now. */
const STALE_MS = 10_000
const PATIENCE_MS = 15_000
const LEAST_WAIT_MS = 5
const SPREAD_MS = 20

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** Undefined when nobody holds the lock. A text that cannot be read belongs to nobody alive. */
async function ownerOf(file: string): Promise<Owner | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  const [pid, token, atMs] = text.trim().split(' ')
  return { pid: Number(pid) || 0, token: token ?? '', atMs: Number(atMs) || 0 }
}

/**
 * The lock appears whole or not at all: a file of its own is linked to the name, which fails when the name is taken.
 * That is O_EXCL without the moment in which the lock exists but is still empty.
 */
async function tryAcquire(file: string, owner: Owner): Promise<boolean> {
  const own = `${file}.${owner.token}`
  try {
    await writeOwn(own, owner)
    await link(own, file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    // Also what a full disk took only the name of. Why the folder refuses is told by what failed before.
    await rm(own, { force: true }).catch(() => undefined)
  }
}

async function writeOwn(file: string, { pid, token, atMs }: Owner): Promise<void> {
  try {
    await writeFile(file, `${pid} ${token} ${atMs}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    // It is the folder that refuses, and the file's name means nothing to anybody.
    throw error instanceof Error ? Object.assign(error, { path: dirname(file) }) : error
  }
}

/** Moves a left-behind lock away. The rename has one winner; one who moved a lock that lives puts it back. */
async function breakStale(file: string, seen: Owner): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  try {
    await rename(file, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const moved = await ownerOf(aside)
  if (moved?.token !== seen.token) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}

/** Breaks the lock at `file` if nobody can be behind it any more; true when it is worth trying again at once. */
async function cleared(file: string, clock: Clock): Promise<boolean> {
  const owner = await ownerOf(file)
  if (owner === undefined) return true
  if (isAlive(owner.pid) && clock.now() - owner.atMs <= STALE_MS) return false
  await breakStale(file, owner)
  return true
}

async function waitFor(file: string, token: string, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + PATIENCE_MS
  while (!(await tryAcquire(file, { pid: process.pid, token, atMs: clock.now() }))) {
    if (clock.monotonic() > deadline) {
      throw new FileServerError('storage.busy', `another program is editing; if none is, remove ${file}`)
    }
    if (!(await cleared(file, clock))) await clock.sleep(LEAST_WAIT_MS + Math.random() * SPREAD_MS)
  }
}

/** Longer than any wait: it only keeps the process alive. */
const FOREVER_MS = 2 ** 30

/**
 * Waits for the lock at `file`. Fails with storage.busy when others keep it for long. A lock of a dead process, or one
 * far older than any edit, is broken.
 */
export async function acquireLock(file: string, clock: Clock): Promise<FileLock> {
  const token = randomUUID()
  // The clock's sleeps keep no process alive, but a command that waits here must not end before its edit.
  const alive = setInterval(() => undefined, FOREVER_MS)
  try {
    await waitFor(file, token, clock)
  } finally {
    clearInterval(alive)
  }
  const held = async () => (await ownerOf(file))?.token === token
  return {
    held,
    release: async () => {
      if (await held()) await rm(file, { force: true })
    },
  }
}
