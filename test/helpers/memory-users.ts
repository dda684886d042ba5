import {
  asUserId,
  type KeyLimits,
  type PublicKeyCredential,
  type User,
  type UserId,
} from '../../src/core/identity.ts'
import type { UserDirectory } from '../../src/core/ports.ts'

/** A user who may log in with a password through every door; give what differs. */
export function makeUser(name: string, changes: Partial<User> = {}): User {
  return {
    id: asUserId(name),
    name,
    enabled: true,
    anonymous: false,
    expires: undefined,
    doors: new Set(['ftp', 'ftps', 'sftp']),
    allow: [],
    chains: [['password']],
    mounts: [],
    limits: { maxSessions: 0, quotaBytes: 0, quotaFiles: 0 },
    sunset: undefined,
    credentials: {
      passwordHash: undefined,
      keys: [],
      authorities: [],
      principals: [],
      certificates: [],
      totp: undefined,
    },
    ...changes,
  }
}

/** A key as its line without options gives it. */
export function makeKey(fingerprint: string, limits: Partial<KeyLimits> = {}): PublicKeyCredential {
  const none = { from: undefined, expires: undefined, touchWaived: false, verifyRequired: false }
  return { fingerprint, algorithm: 'ssh-ed25519', comment: '', options: '', limits: { ...none, ...limits } }
}

export type MemoryUsers = UserDirectory & {
  /** Adds or replaces, and tells the listeners like a reload does. */
  put(user: User): void
  remove(name: string): void
}

export function createMemoryUsers(initial: readonly User[] = []): MemoryUsers {
  const users = new Map(initial.map((user) => [user.name, user]))
  const listeners = new Set<(changed: readonly UserId[]) => void>()
  const tell = (id: UserId): void => {
    for (const listener of listeners) listener([id])
  }
  const put = (user: User): void => {
    users.set(user.name, user)
    tell(user.id)
  }
  return {
    find: async (name) => users.get(name),
    list: async () => [...users.values()],
    replacePasswordHash: async (id, oldHash, newHash) => {
      const user = [...users.values()].find((candidate) => candidate.id === id)
      if (user?.credentials.passwordHash !== oldHash) return false
      put({ ...user, credentials: { ...user.credentials, passwordHash: newHash } })
      return true
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => listeners.clear(),
    put,
    remove: (name) => {
      const user = users.get(name)
      users.delete(name)
      if (user !== undefined) tell(user.id)
    },
  }
}
