import type { VirtualPath } from './path.ts'
import type { WriteHandle } from './storage.ts'

/**
 * The uploads that one session has open. Others see nothing under the name before the commit; who writes expects to
 * find by path what the handle is for: sshfs looks it up before it writes and sets times and modes while it does.
 */
export type OpenUploads = {
  /** The upload that was opened last under this name. */
  at(path: VirtualPath): WriteHandle | undefined
  opened(path: VirtualPath, upload: WriteHandle): void
  ended(path: VirtualPath, upload: WriteHandle): void
}

export function createOpenUploads(): OpenUploads {
  const byPath = new Map<VirtualPath, WriteHandle>()
  return {
    at: (path) => byPath.get(path),
    opened: (path, upload) => void byPath.set(path, upload),
    ended(path, upload) {
      if (byPath.get(path) === upload) byPath.delete(path)
    },
  }
}
