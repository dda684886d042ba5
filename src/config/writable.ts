import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from './schema.ts'

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function proveFolder(folder: string): void {
  try {
    accessSync(folder, constants.W_OK)
  } catch (error) {
    if (!isAbsent(error)) throw error
    proveMaking(folder, dirname(folder))
  }
}

/** Of a folder that is to be made, the first one there is above it counts; what is in the way is told of the folder itself. */
function proveMaking(folder: string, above: string): void {
  try {
    accessSync(above, constants.W_OK)
  } catch (error) {
    if (isAbsent(error)) proveMaking(folder, dirname(above))
    else throw error instanceof Error ? Object.assign(error, { path: folder, syscall: 'mkdir' }) : error
  }
}

/** As a log is opened, but that an absent file stays absent: one that the system only lets grow is fine. */
function proveFile(file: string): void {
  try {
    closeSync(openSync(file, constants.O_RDWR | constants.O_APPEND))
  } catch (error) {
    if (!isAbsent(error)) throw error
    proveFolder(dirname(file))
  }
}

/**
 * One proof for each path that a server writes to from its start on. Each throws the system's error, with the path, when this
 * account could not; none makes anything.
 */
export function writeProofs({ audit, log, state }: Config): readonly (() => void)[] {
  const files = [audit.file, ...(log.file === null ? [] : [log.file]), state.file]
  // SQLite puts files beside its own.
  return [...files.map((file) => () => proveFile(file)), () => proveFolder(dirname(state.file))]
}
