import type { Finding } from '../yaml/explain.ts'
import type { Path } from '../yaml/problem.ts'

export type { Finding } from '../yaml/explain.ts'

/** What a check across keys found at a value. */
export function finding(path: Path, message: string, remedy: string): Finding {
  return { path, part: 'value', message, remedy }
}
