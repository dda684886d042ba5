import type { Origin } from '../core/identity.ts'
import { networkOf } from '../core/net.ts'
import type { Connection } from './adapter.ts'

/** 0 = no limit of that kind. All counts are of this process. */
export type ConnectionLimits = Readonly<{
  max: number
  perAddress: number
  unauthenticated: number
  unauthenticatedPerAddress: number
}>

/**
 * Counts running connections and says which limit a new one from an address would pass. An address is what it is for
 * lockouts too: of IPv6 the /64, in which one host has as many addresses as it likes.
 */
export type ConnectionCaps = {
  exceeded(remoteIp: string): keyof ConnectionLimits | undefined
  add(origin: Pick<Origin, 'remoteIp' | 'session'>, connection: Connection): void
  all(): IterableIterator<Connection>
  /** The sessions of the connections that are still there. */
  sessions(): readonly string[]
  readonly size: number
}

export function createConnectionCaps(limits: ConnectionLimits): ConnectionCaps {
  const all = new Map<Connection, string>()
  const pending = new Set<Connection>()
  const byAddress = new Map<string, Set<Connection>>()

  /** Connections leave `pending` only when somebody counts: a login need not tell anybody. */
  function pendingCount(): number {
    for (const connection of pending) if (connection.authenticated) pending.delete(connection)
    return pending.size
  }

  function pendingFrom(connections: ReadonlySet<Connection>): number {
    let count = 0
    for (const connection of connections) if (!connection.authenticated) count += 1
    return count
  }

  return {
    exceeded(remoteIp) {
      if (limits.max > 0 && all.size >= limits.max) return 'max'
      if (limits.unauthenticated > 0 && pending.size >= limits.unauthenticated) {
        if (pendingCount() >= limits.unauthenticated) return 'unauthenticated'
      }
      const same = byAddress.get(networkOf(remoteIp))
      if (same === undefined) return undefined
      if (limits.perAddress > 0 && same.size >= limits.perAddress) return 'perAddress'
      const few = limits.unauthenticatedPerAddress
      if (few > 0 && same.size >= few && pendingFrom(same) >= few) return 'unauthenticatedPerAddress'
      return undefined
    },
    add({ remoteIp, session }, connection) {
      const network = networkOf(remoteIp)
      const same = byAddress.get(network) ?? new Set()
      byAddress.set(network, same.add(connection))
      all.set(connection, session)
      pending.add(connection)
      void connection.done.then(() => {
        all.delete(connection)
        pending.delete(connection)
        same.delete(connection)
        if (same.size === 0) byAddress.delete(network)
      })
    },
    all: () => all.keys(),
    sessions: () => [...all.values()],
    get size() {
      return all.size
    },
  }
}
