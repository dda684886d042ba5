import type { Clock, Timer } from '../core/ports.ts'
import type { NativeSockets } from './native-sockets.ts'

/** A port at which nobody was awaited for one to two of these is looked at whenever somebody connects. */
const SWEEP_MS = 100

/** A listening port, as the sweep sees it. */
export type Swept = {
  /** The sweep's count when the port was last used. */
  readonly usedAt: number
  /** From now on hears of everybody who connects. */
  guard(): void
}

/** Data connections as bare descriptors, without Node's sockets; one for all sessions of a door, which closes it. */
export class DescriptorNet {
  readonly native: NativeSockets
  /** Counts the sweeps. */
  time = 0
  readonly #clock: Pick<Clock, 'timer'>
  readonly #watch: object
  readonly #told = new Map<number, () => void>()
  readonly #ports = new Set<Swept>()
  #sweep: Timer | undefined
  #lastId = 0

  /** Use `openDescriptorNet`. */
  constructor(native: NativeSockets, clock: Pick<Clock, 'timer'>) {
    const watch = native.createWatch((id) => this.#told.get(id)?.())
    if (watch === null) throw new Error('no event loop')
    this.native = native
    this.#clock = clock
    this.#watch = watch
  }

  /** Gives an id under which `told` hears of one descriptor, until it is forgotten. Ids are never used again. */
  register(told: () => void): number {
    this.#lastId += 1
    this.#told.set(this.#lastId, told)
    return this.#lastId
  }

  forget(id: number): void {
    this.#told.delete(id)
  }

  /** A registered descriptor is told about as long as it is ready for `events`. */
  watch(fd: number, id: number, events: number): void {
    const done = this.native.watchDescriptor(this.#watch, fd, id, events)
    if (done < 0) throw new Error(`the system does not watch a descriptor (${-done})`)
  }

  unwatch(fd: number): void {
    this.native.unwatchDescriptor(this.#watch, fd)
  }

  opened(port: Swept): void {
    this.#ports.add(port)
    this.#sweep ??= this.#clock.timer(SWEEP_MS, () => this.#sweepPorts())
  }

  closed(port: Swept): void {
    this.#ports.delete(port)
  }

  close(): void {
    this.#sweep?.cancel()
    this.native.closeWatch(this.#watch)
  }

  #sweepPorts(): void {
    for (const port of this.#ports) if (port.usedAt < this.time) port.guard()
    this.time += 1
    this.#sweep = this.#ports.size === 0 ? undefined : this.#clock.timer(SWEEP_MS, () => this.#sweepPorts())
  }
}

/** Undefined without the addon, and where it cannot reach Node's event loop: Node's own sockets serve then. */
export function openDescriptorNet(
  native: NativeSockets | undefined,
  clock: Pick<Clock, 'timer'>,
): DescriptorNet | undefined {
  if (native === undefined) return undefined
  try {
    return new DescriptorNet(native, clock)
  } catch {
    return undefined
  }
}

/** Whether Node's event loop can be reached from the addon. */
export function nativeSocketsWork(native: NativeSockets): boolean {
  const watch = native.createWatch(() => undefined)
  if (watch !== null) native.closeWatch(watch)
  return watch !== null
}
