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
  /** The only one: one upload after the other is what most sessions do, and a map is made anew by each that comes and goes. */
  #one: Readonly<{ path: VirtualPath; upload: WriteHandle }> | undefined
  /** All, once there was a second beside the first. */
  #byPath: Map<VirtualPath, WriteHandle> | undefined

  at(path: VirtualPath): WriteHandle | undefined {
    if (this.#one?.path === path) return this.#one.upload
    return this.#byPath?.get(path)
  }

  opened(path: VirtualPath, upload: WriteHandle): void {
    if (this.#byPath !== undefined) this.#byPath.set(path, upload)
    else if (this.#one === undefined || this.#one.path === path) this.#one = { path, upload }
    else {
      this.#byPath = new Map([[this.#one.path, this.#one.upload]]).set(path, upload)
      this.#one = undefined
    }
  }

  ended(path: VirtualPath, upload: WriteHandle): void {
    if (this.#one?.upload === upload) this.#one = undefined
    else if (this.#byPath?.get(path) === upload) this.#byPath.delete(path)
    if (this.#byPath?.size === 0) this.#byPath = undefined
  }
}

export function createOpenUploads(): OpenUploads {
  return new ByPath()
}
