import { readFileSync, statSync } from 'node:fs'

const OTHERS = 0o077

/** Text of a key or certificate file. Throws the system's error when it cannot be read. */
export function readKeyText(path: string): string {
  return readFileSync(path, 'utf8')
}

/** As `readKeyText`, for a file that may not be text. */
export function readKeyBytes(path: string): Buffer {
  return readFileSync(path)
}

/** True when group or others may do anything with the file: a private key must not be like that. */
export function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & OTHERS) !== 0
}
