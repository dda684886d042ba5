import type { Stats } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FileServerError } from '../core/errors.ts'
import { stateOf } from './file-state.ts'

const PRIVATE = 0o600
const GROUP_READS = 0o040
const OTHERS = 0o007

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Gives the new file to the old one's owner: an edit by root must not lock the server out. A file that others may not
 * read but its group may was set up so, and stays so; any other becomes private, and its group does not matter then.
 */
async function takeOverOwner(handle: FileHandle, old: string): Promise<void> {
  const was = await stat(old).catch(() => undefined)
  if (was === undefined) return
  const is = await handle.stat()
  const kept = (was.mode & OTHERS) === 0 ? was.mode & GROUP_READS : 0
  if (was.uid !== is.uid || (was.gid !== is.gid && kept !== 0)) await giveTo(handle, was, old)
  if (kept !== 0) await handle.chmod(PRIVATE | kept)
}

async function giveTo(handle: FileHandle, { uid, gid }: Stats, old: string): Promise<void> {
  try {
    await handle.chown(uid, gid)
  } catch (error) {
    const why = `${old} cannot be edited here and stay with its owner and group (${uid}:${gid}); edit it as that owner, or as root`
    throw new FileServerError('storage.failed', why, { cause: error })
  }
}

/**
 * Puts `text` in place of `file` so that a reader, or a machine that loses power, has the old text or the new one.
 * `stillMine` is asked last; false leaves the old text and gives undefined. Else gives the state of the new file.
 */
export async function replaceFile(
  file: string,
  text: string,
  stillMine: () => Promise<boolean>,
): Promise<string | undefined> {
  const folder = dirname(file)
  const staged = join(folder, `.${basename(file)}.new`)
  // Left by an edit that was killed; the caller holds the lock, so nobody else is writing it.
  await rm(staged, { force: true })
  try {
    const handle = await open(staged, 'wx', PRIVATE)
    let state: string
    try {
      await takeOverOwner(handle, file)
      await handle.writeFile(text, 'utf8')
      await handle.sync()
      state = stateOf(await handle.stat({ bigint: true }))
    } finally {
      await handle.close()
    }
    if (!(await stillMine())) return undefined
    await rename(staged, file)
    await syncFolder(folder)
    return state
  } finally {
    await rm(staged, { force: true })
  }
}
