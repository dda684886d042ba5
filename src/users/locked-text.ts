import { readFile, realpath, stat } from 'node:fs/promises'
import { FileServerError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { yamlText } from '../yaml/text.ts'
import { replaceFile } from './atomic-write.ts'
import { stateOf } from './file-state.ts'
import { acquireLock } from './lock.ts'

/** The users file while its lock is held. */
export type LockedText = Readonly<{
  /** Undefined when there is no file yet. */
  text: string | undefined
  /** As `fileState` gives it. */
  state: string
  /** Replaces the whole file and gives its new state. */
  replace(text: string): Promise<string>
}>

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

type Current = Readonly<{ file: string; text: string | undefined; state: string }>

/** The text, and the file that really holds it: renaming over a symbolic link would cut the link. */
async function current(file: string): Promise<Current> {
  try {
    const real = await realpath(file)
    // The state first: a change in between then shows as a change.
    const state = stateOf(await stat(real, { bigint: true }))
    const text = yamlText(await readFile(real))
    if (text === undefined) throw new FileServerError('storage.failed', `${real} is not UTF-8`)
    return { file: real, state, text }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { file, state: 'absent', text: undefined }
    throw error
  }
}

/**
 * Runs `work` under the lock that all programs share, on the file as it then is. Fails with storage.busy when the lock
 * cannot be had or is lost, storage.failed when the disk refuses.
 */
export async function withLockedText<T>(
  file: string,
  clock: Clock,
  work: (source: LockedText) => Promise<T>,
): Promise<T> {
  try {
    const lock = await acquireLock(`${file}.lock`, clock)
    try {
      const { text, state, file: real } = await current(file)
      const replace = async (next: string) => {
        const after = await replaceFile(real, next, lock.held)
        if (after === undefined) throw new FileServerError('storage.busy', `lost the lock of ${file}`)
        return after
      }
      return await work({ text, state, replace })
    } finally {
      await lock.release()
    }
  } catch (error) {
    if (error instanceof FileServerError) throw error
    throw new FileServerError('storage.failed', `cannot edit ${file} (${codeOf(error)})`, { cause: error })
  }
}
