import type { Entry } from '../../core/vfs/storage.ts'

type Identity = Pick<Entry, 'device' | 'inode'>
export type Counted = Identity & Pick<Entry, 'size' | 'links'>

function keyOf({ device, inode }: Identity): string {
  return `${device}:${inode}`
}

/**
 * What quotas have been told of files that are being edited in place, or cut in the thread pool. Several may edit one file,
 * and others cut, link and remove it by its name meanwhile: whatever they do, each byte is told once.
 */
export class InPlaceFiles {
  readonly #files = new Map<string, { bytes: number; edits: number }>()

  /** An edit begins; the size of the file has been told for each of its names. */
  begin(file: Counted): void {
    const known = this.#files.get(keyOf(file))
    if (known === undefined) this.#files.set(keyOf(file), { bytes: file.size * file.links, edits: 1 })
    else known.edits += 1
  }

  /** The sum over the names of a file has changed so, and quotas hear of it elsewhere. */
  told(file: Identity, bytes: number): void {
    if (this.#files.size === 0) return
    const known = this.#files.get(keyOf(file))
    if (known !== undefined) known.bytes += bytes
  }

  /** An edit ends; gives the bytes that its quota has to be told of. */
  end(file: Counted): number {
    const known = this.#files.get(keyOf(file))
    if (known === undefined) return 0
    const growth = file.size * file.links - known.bytes
    known.bytes += growth
    known.edits -= 1
    if (known.edits === 0) this.#files.delete(keyOf(file))
    return growth
  }
}
