import { dirname } from 'node:path'
import type { User } from '../core/identity.ts'
import type { Finding } from '../yaml/explain.ts'

/**
 * Folders that lie inside a folder in which somebody may make links: they could put a link in the inner folder's place,
 * and a mount's own path is the operator's, so links in it are followed.
 */
export function nestedFolders(users: readonly User[]): readonly Finding[] {
  const linkable = new Map<string, string>()
  for (const { name, mounts } of users) {
    for (const { location, permissions } of mounts) if (permissions.has('link')) linkable.set(location, name)
  }
  const ownerAbove = (location: string): string | undefined => {
    for (let at = location; at !== dirname(at); ) {
      at = dirname(at)
      const owner = linkable.get(at)
      if (owner !== undefined) return owner
    }
    return undefined
  }
  return users.flatMap(({ name, mounts }) =>
    mounts.flatMap(({ location, at }): Finding[] => {
      const owner = ownerAbove(location)
      if (owner === undefined) return []
      const message = `the folder of ${at} lies inside one in which ${owner} may make links, and could be led elsewhere`
      const remedy = `put it outside of that folder, or take the action link from ${owner}`
      return [{ path: ['users', name], part: 'key', message, remedy }]
    }),
  )
}
