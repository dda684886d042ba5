import type { Connection } from './adapter.ts'

/** 0 = no limit of that kind. All counts are of this process. */
export type ConnectionLimits = Readonly<{
  max: number
  perAddress: number
  unauthenticated: number
  unauthenticatedPerAddress: number
}>

/** Counts running connections and says which limit a new one from an address would pass. */
export type ConnectionCaps = {
  exceeded(remoteIp: string): keyof ConnectionLimits | undefined
  add(remoteIp: string, connection: Connection): void
  all(): IterableIterator<Connection>
  readonly size: number
}

export function createConnectionCaps(limits: ConnectionLimits): ConnectionCaps {
  const all = new Set<Connection>()
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
      const same = byAddress.get(remoteIp)
      if (same === undefined) return undefined
      if (limits.perAddress > 0 && same.size >= limits.perAddress) return 'perAddress'
      const few = limits.unauthenticatedPerAddress
      if (few > 0 && same.size >= few && pendingFrom(same) >= few) return 'unauthenticatedPerAddress'
      return undefined
    },
    add(remoteIp, connection) {
      const same = byAddress.get(remoteIp) ?? new Set()
      byAddress.set(remoteIp, same.add(connection))
      all.add(connection)
      pending.add(connection)
      void connection.done.then(() => {
        all.delete(connection)
        pending.delete(connection)
        same.delete(connection)
        if (same.size === 0) byAddress.delete(remoteIp)
      })
    },
    all: () => all.values(),
    get size() {
      return all.size
    },
  }
}
