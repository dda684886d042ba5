import type { MaybePromise } from '../maybe-promise.ts'
import type { Clock } from '../ports.ts'
import type { AttributeChanges, Entry, ReadHandle, WriteHandle } from '../vfs/storage.ts'
import { byteLength } from './byte-length.ts'

/** Moves at once that may follow a pause; a client must not feel steps, nor many small ones cost much. */
const STEP_MS = 250

/** A long wait is cut into such parts, so that whoever watches the transfer hears that it is one. */
const PART_MS = 1000

type Waits = Readonly<{
  clock: Pick<Clock, 'monotonic' | 'sleep'>
  use: Readonly<{ signal?: AbortSignal; slowed?: () => void }>
}>

/** Bytes per second of one direction of a session, all its transfers together. */
export type Pace = {
  /** What may move in one go. */
  readonly step: number
  /** Undefined when bytes may move now; to be asked again after each wait. */
  wait(waits: Waits): Promise<void> | undefined
  /** Counts what has moved. */
  moved(bytes: number, clock: Pick<Clock, 'monotonic'>): void
}

/** Undefined for 0: no limit. */
export function createPace(bytesPerSecond: number): Pace | undefined {
  if (bytesPerSecond === 0) return undefined
  /** When all that has moved would have moved at the allowed rate. */
  let through = 0
  return {
    step: Math.max(1, Math.floor((bytesPerSecond * STEP_MS) / 1000)),
    wait({ clock, use }) {
      const ms = through - clock.monotonic()
      if (ms <= 0) return undefined
      const { signal } = use
      if (signal?.aborted === true) return undefined
      use.slowed?.()
      // A transfer that was given up has no reason to wait; what it fails with is told elsewhere.
      return clock.sleep(Math.min(Math.ceil(ms), PART_MS), signal).catch(() => undefined)
    },
    moved(bytes, clock) {
      through = Math.max(through, clock.monotonic()) + (bytes * 1000) / bytesPerSecond
    },
  }
}

/** Reads no faster than `pace` allows. */
export function paceRead(handle: ReadHandle, pace: Pace | undefined, waits: Waits): ReadHandle {
  if (pace === undefined) return handle
  const read = async (into: Uint8Array, position: number): Promise<number> => {
    for (let turn = pace.wait(waits); turn !== undefined; turn = pace.wait(waits)) await turn
    const bytes = await handle.read(into.subarray(0, pace.step), position)
    pace.moved(bytes, waits.clock)
    return bytes
  }
  return { size: handle.size, stat: () => handle.stat(), read, close: () => handle.close() }
}

/** A class for the reason that MeteredWrite is one. */
class PacedWrite implements WriteHandle {
  readonly #handle: WriteHandle
  readonly #pace: Pace
  readonly #waits: Waits

  constructor(handle: WriteHandle, pace: Pace, waits: Waits) {
    this.#handle = handle
    this.#pace = pace
    this.#waits = waits
  }

  get size(): number {
    return this.#handle.size
  }

  write(chunk: Uint8Array, position: number): Promise<void> {
    return this.#paced(chunk.byteLength, () => this.#handle.write(chunk, position))
  }

  writev(chunks: readonly Uint8Array[], position: number): Promise<void> {
    return this.#paced(byteLength(chunks), () => this.#handle.writev(chunks, position))
  }

  read(into: Uint8Array, position: number): MaybePromise<number> {
    return this.#handle.read(into, position)
  }

  stat(): Promise<Entry> {
    return this.#handle.stat()
  }

  setAttributes(changes: AttributeChanges): Promise<void> {
    return this.#handle.setAttributes(changes)
  }

  sync(): Promise<void> {
    return this.#handle.sync()
  }

  commit(): MaybePromise<Entry> {
    return this.#handle.commit()
  }

  abort(): Promise<void> {
    return this.#handle.abort()
  }

  discard(): Promise<void> {
    return this.#handle.discard()
  }

  async #paced(bytes: number, work: () => MaybePromise<void>): Promise<void> {
    await work()
    this.#pace.moved(bytes, this.#waits.clock)
    for (let turn = this.#pace.wait(this.#waits); turn !== undefined; turn = this.#pace.wait(this.#waits)) {
      await turn
    }
  }
}

/** Takes in no faster than `pace` allows: the sender has to wait for what was written. */
export function paceWrite(handle: WriteHandle, pace: Pace | undefined, waits: Waits): WriteHandle {
  return pace === undefined ? handle : new PacedWrite(handle, pace, waits)
}
