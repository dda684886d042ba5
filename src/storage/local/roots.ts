import { mkdirSync, statSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { FileServerError } from '../../core/errors.ts'

const ROOT_MODE = 0o777

export type RootsOptions = Readonly<{
  /** Makes a mount's folder when it is missing; false: storage.failed, so that an unmounted disk is noticed. */
  createRoots: boolean
  umask: number
}>

/** The folder, or the one above it that is there. */
function nearest(folder: string): string {
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? nearest(dirname(folder)) : folder
}

/** The folder of a mount, and the disk with the folder that holds it. */
type Seen = Readonly<{ location: string; device: number }>

/**
 * The folders of mounts. One that is missing is made, but not where another disk was when a folder beside it was last seen,
 * unless that one is there too: what is uploaded there would be gone when the disk is back.
 */
export class Roots {
  readonly #options: RootsOptions
  /** By the folder that holds them: the one of its folders that was last seen. */
  readonly #seen = new Map<string, Seen>()

  constructor(options: RootsOptions) {
    this.#options = options
  }

  /** The folder of this mount is there. */
  seen(location: string): void {
    const parent = dirname(location)
    this.#seen.set(parent, { location, device: statSync(parent).dev })
  }

  /** Throws storage.failed where there can be no such folder, or may not. */
  require(location: string): void {
    if (!isAbsolute(location)) throw new FileServerError('storage.failed', 'a mount needs an absolute folder')
    const stats = statSync(location, { throwIfNoEntry: false })
    if (stats !== undefined && !stats.isDirectory())
      throw new FileServerError('storage.failed', `the folder of a mount is no folder: ${location}`)
    if (stats === undefined) this.#make(location)
    this.seen(location)
  }

  #make(location: string): void {
    const { createRoots, umask } = this.#options
    if (!createRoots)
      throw new FileServerError('storage.failed', `the folder of a mount is missing: ${location}`)
    if (this.#isElsewhere(dirname(location)))
      throw new FileServerError(
        'storage.failed',
        `the folder of a mount is missing with its disk: ${location}`,
      )
    mkdirSync(location, { recursive: true, mode: ROOT_MODE & ~umask })
  }

  /** A disk that was mounted anew, or copied to another, may have another number; what was on it is there again. */
  #isElsewhere(parent: string): boolean {
    const last = this.#seen.get(parent)
    if (last === undefined || statSync(nearest(parent)).dev === last.device) return false
    return statSync(last.location, { throwIfNoEntry: false }) === undefined
  }
}
