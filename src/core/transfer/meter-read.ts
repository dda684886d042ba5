import type { MaybePromise } from '../maybe-promise.ts'
import type { Entry, ReadHandle, SendTo } from '../vfs/storage.ts'
import { type MeterOptions, Tally } from './meter.ts'

class MeteredRead implements ReadHandle {
  readonly size: number
  readonly #file: ReadHandle
  readonly #tally: Tally
  #reachedEnd: boolean

  constructor(file: ReadHandle, options: MeterOptions) {
    this.size = file.size
    this.#file = file
    this.#tally = new Tally(options)
    this.#reachedEnd = file.size === 0
  }

  stat(): MaybePromise<Entry> {
    return this.#file.stat()
  }

  get sendTo(): SendTo | undefined {
    const { sendTo } = this.#file
    if (sendTo === undefined) return undefined
    return (descriptor, position, max) => {
      const bytes = sendTo(descriptor, position, max)
      // Nothing sent says nothing about the end.
      return bytes === undefined || bytes === 0 ? bytes : this.#count(bytes, position)
    }
  }

  read(into: Uint8Array, position: number): MaybePromise<number> {
    try {
      const bytes = this.#file.read(into, position)
      if (typeof bytes === 'number') return this.#count(bytes, position)
      return bytes.then(
        (read) => this.#count(read, position),
        (error: unknown) => this.#tally.fail(error),
      )
    } catch (error) {
      return this.#tally.fail(error)
    }
  }

  close(): MaybePromise<void> {
    const { failure } = this.#tally
    this.#tally.end(failure !== undefined ? 'failed' : this.#reachedEnd ? 'complete' : 'aborted')
    return this.#file.close()
  }

  #count(bytes: number, position: number): number {
    this.#tally.bytes += bytes
    if (bytes === 0 || position + bytes >= this.size) this.#reachedEnd = true
    return bytes
  }
}

/** Counts a download. It is complete when a read reached the end that the file had at open, or a later one. */
export function meterRead(file: ReadHandle, options: MeterOptions): ReadHandle {
  return new MeteredRead(file, options)
}
