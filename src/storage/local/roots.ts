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

/**
 * The folders of mounts. One that is missing is made, but not where another disk was when a folder beside it was last seen:
 * what is uploaded there would be gone when the disk is back.
 */
export class Roots {
  readonly #options: RootsOptions
  /** Of the folders that hold those of mounts, as they were last seen. */
  readonly #devices = new Map<string, number>()

  constructor(options: RootsOptions) {
    this.#options = options
  }

  /** The folder of this mount is there. */
  seen(location: string): void {
    const parent = dirname(location)
    this.#devices.set(parent, statSync(parent).dev)
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
    const parent = dirname(location)
    const known = this.#devices.get(parent)
    if (known !== undefined && statSync(nearest(parent)).dev !== known)
      throw new FileServerError(
        'storage.failed',
        `the folder of a mount is missing with its disk: ${location}`,
      )
    mkdirSync(location, { recursive: true, mode: ROOT_MODE & ~umask })
  }
}
