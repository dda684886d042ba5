import type { Mount } from '../../src/core/identity.ts'
import { createMountTable } from '../../src/core/vfs/mounts.ts'
import { ROOT, resolveVirtual } from '../../src/core/vfs/path.ts'
import type { StorageKey } from '../../src/core/vfs/storage.ts'

const whole: Mount = { at: ROOT, location: '', permissions: new Set() }
const table = createMountTable([whole])

/** A driver's key for a path, made the way the core makes it. */
export function keyOf(path: string): StorageKey {
  const place = table.locate(resolveVirtual(ROOT, path))
  if (place === undefined) throw new Error('the root mount takes every path')
  return place.key
}
