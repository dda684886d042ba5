import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const PRIVATE = 0o600

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Puts `text` in place of `file` so that a reader, or a machine that loses power, has the old text or the new one.
 * `stillMine` is asked last; false leaves the old text and gives false.
 */
export async function replaceFile(
  file: string,
  text: string,
  stillMine: () => Promise<boolean>,
): Promise<boolean> {
  const folder = dirname(file)
  const staged = join(folder, `.${basename(file)}.new`)
  // Left by an edit that was killed; the caller holds the lock, so nobody else is writing it.
  await rm(staged, { force: true })
  try {
    const handle = await open(staged, 'wx', PRIVATE)
    try {
      await handle.writeFile(text, 'utf8')
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (!(await stillMine())) return false
    await rename(staged, file)
    await syncFolder(folder)
    return true
  } finally {
    await rm(staged, { force: true })
  }
}
