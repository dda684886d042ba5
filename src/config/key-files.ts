import { readFileSync, statSync } from 'node:fs'

const OTHERS = 0o077

/** Text of a key, certificate or banner file. Throws the system's error, with the path, when it cannot be read. */
export function readKeyText(path: string): string {
  return readKeyBytes(path).toString('utf8')
}

/** As `readKeyText`, for a file that may not be text. */
export function readKeyBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    // A folder opens, and reading it fails without its name.
    throw error instanceof Error ? Object.assign(error, { path }) : error
  }
}

/** True when group or others may do anything with the file: a private key must not be like that. */
export function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & OTHERS) !== 0
}
