import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** Tells two states of a file apart without reading it. It stays the same when the file is renamed. */
export function stateOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs}`
}

export async function fileState(file: string): Promise<string> {
  try {
    return stateOf(await stat(file, { bigint: true }))
  } catch {
    return 'absent'
  }
}
