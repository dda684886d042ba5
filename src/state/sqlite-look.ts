import { closeSync, openSync, readSync } from 'node:fs'
import { notADatabase } from './sqlite-open.ts'
import { refuseNewer } from './sqlite-schema.ts'

/** SQLite's file format, section 1.3: the header, what it begins with, and where `PRAGMA user_version` stands. */
const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'
const USER_VERSION_AT = 60

function headerOf(file: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    return header.subarray(0, readSync(descriptor, header))
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Throws as opening the state file would, where its first bytes show already that it cannot be opened. Makes nothing and
 * changes nothing, which SQLite does even to read: it may be another account's command. One that is absent is fine.
 */
export function examineStateFile(file: string): void {
  try {
    const header = headerOf(file)
    if (header.length === 0) return
    if (header.length < HEADER_BYTES || !header.toString('latin1').startsWith(MAGIC)) throw notADatabase(file)
    refuseNewer(header.readUInt32BE(USER_VERSION_AT), file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
}
