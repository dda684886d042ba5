import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const PRIVATE_FOLDER = 0o700
export const PRIVATE_FILE = 0o600
export const PUBLIC_FILE = 0o644

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** Makes the folder and those above it, and closes it to others even when it was there before. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER })
  await chmod(path, PRIVATE_FOLDER)
}

/** Writes a file that must not exist yet, whole and on disk; EEXIST otherwise. The umask cannot widen `mode`. */
export async function writeNew(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Takes away a file that this program made; it need not be there. */
export function removeDraft(path: string): Promise<void> {
  return rm(path, { force: true })
}

/** Gives the draft its final name, which nobody may have: EEXIST otherwise. */
export async function publishDraft(draft: string, path: string): Promise<void> {
  await link(draft, path)
  await rm(draft)
}

/** A file that the operator names on the command line, such as a public key. */
export function readText(path: string): Promise<string> {
  return readFile(path, 'utf8')
}
