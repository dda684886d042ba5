import { isDeepStrictEqual } from 'node:util'

type Named = Readonly<{ name: string }>

function isNamed(value: unknown): value is Named {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
}

/** What has keys of its own; entries of a list stand under their names, as in overrides. */
function inside(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (Array.isArray(value)) {
    return value.length > 0 && value.every(isNamed) ? new Map(value.map((one) => [one.name, one])) : undefined
  }
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined
}

/** The keys in which two configurations differ, such as `listeners.ftp.port`; `path` is where both stand. */
export function changedKeys(before: unknown, after: unknown, path: string): readonly string[] {
  if (isDeepStrictEqual(before, after)) return []
  const [old, fresh] = [inside(before), inside(after)]
  if (old === undefined || fresh === undefined) return [path]
  const names = [...new Set([...old.keys(), ...fresh.keys()])]
  const below = names.flatMap((name) => changedKeys(old.get(name), fresh.get(name), `${path}.${name}`))
  // The same entries in another order.
  return below.length > 0 ? below : [path]
}
