import { lookup } from 'node:dns/promises'
import type { Clock, Logger, Timer } from '../core/ports.ts'
import { within } from './keep-alive.ts'

/** Addresses of dial-up lines change at any time, and their names follow within a minute or so. */
const AGAIN_MS = 60_000
/** Starting must not hang on a name server that does not answer. */
const FIRST_MS = 5_000

/** IPv4 addresses of host names, looked up again and again. Whoever made it closes it. */
export type HostAddresses = {
  /** The last one found; undefined until there is one. */
  of(name: string): string | undefined
  close(): void
}

/** Rejects when the name has no IPv4 address. */
export type Lookup = (name: string) => Promise<string>

const systemLookup: Lookup = async (name) => (await lookup(name, { family: 4 })).address

/** Resolves when all names have been looked up once, or after a while. A failure is logged and keeps what was known. */
export async function watchHostAddresses(
  names: ReadonlySet<string>,
  { clock, logger, find = systemLookup }: { clock: Clock; logger: Logger; find?: Lookup },
): Promise<HostAddresses> {
  const known = new Map<string, string>()
  let timer: Timer | undefined
  let closed = false

  async function update(name: string): Promise<void> {
    try {
      const address = await find(name)
      if (known.get(name) !== address) logger.info({ name, address }, 'passive address found')
      known.set(name, address)
    } catch (err) {
      logger.warn({ err, name, known: known.get(name) }, 'passive address could not be looked up')
    }
  }
  async function updateAll(): Promise<void> {
    await Promise.all([...names].map(update))
    if (!closed) timer = clock.timer(AGAIN_MS, () => void updateAll())
  }
  if (names.size > 0) await within(clock, FIRST_MS, updateAll())
  return {
    of: (name) => known.get(name),
    close() {
      closed = true
      timer?.cancel()
    },
  }
}
