import { FileServerError } from '../core/errors.ts'
import type { Entry } from '../core/vfs/storage.ts'

/** Throws for what RETR does not send either: it has no size that it would send. */
export function requireRegularFile({ kind }: Entry): void {
  if (kind === 'directory') throw new FileServerError('path.is-directory')
  if (kind !== 'file') throw new FileServerError('storage.unsupported')
}
