import { readFileSync } from 'node:fs'

const OPEN_FILES = /^Max open files\s+(\d+)/mu

/** Descriptors that this process may have at once (proc(5)); Infinity where there is no limit. */
export function descriptorLimit(): number {
  const soft = OPEN_FILES.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
}
