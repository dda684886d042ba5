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

class ByPath implements OpenUploads {
  /** Made by the first upload: most sessions are idle. */
  #byPath: Map<VirtualPath, WriteHandle> | undefined

  at(path: VirtualPath): WriteHandle | undefined {
    return this.#byPath?.get(path)
  }

  opened(path: VirtualPath, upload: WriteHandle): void {
    this.#byPath ??= new Map()
    this.#byPath.set(path, upload)
  }

  ended(path: VirtualPath, upload: WriteHandle): void {
    if (this.#byPath?.get(path) === upload) this.#byPath.delete(path)
  }
}

export function createOpenUploads(): OpenUploads {
  return new ByPath()
}
