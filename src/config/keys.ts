import { alternatives, type Shape } from '../yaml/shape.ts'
import { configShape } from './schema.ts'

/** One key of the configuration, as the schema describes it. `path` has no list positions. */
export type ConfigKey = Readonly<{ path: readonly string[]; shape: Shape; required: boolean }>

/** A group of keys; its own keys may be groups again. */
export function isGroup(shape: Shape): boolean {
  return shape.properties !== undefined
}

/** The keys below `shape` that take a value, in the order of the schema. */
export function keysBelow(shape: Shape, path: readonly string[] = []): readonly ConfigKey[] {
  return Object.entries(shape.properties ?? {}).flatMap(([name, child]) =>
    isGroup(child)
      ? keysBelow(child, [...path, name])
      : [{ path: [...path, name], shape: child, required: shape.required?.includes(name) ?? false }],
  )
}

/** The keys of one entry of a list of groups, each kind's keys once; empty for a list of plain values. */
export function entryKeys(shape: Shape): readonly ConfigKey[] {
  const seen = new Map<string, ConfigKey>()
  for (const kind of shape.items === undefined ? [] : alternatives(shape.items)) {
    for (const key of keysBelow(kind)) if (!seen.has(key.path.join('.'))) seen.set(key.path.join('.'), key)
  }
  return [...seen.values()]
}

export const CONFIG_KEYS: readonly ConfigKey[] = keysBelow(configShape)

/** `login.graceSeconds` is `LOGIN_GRACE_SECONDS`. */
function upperSnake(path: readonly (string | number)[]): string {
  return path
    .map((part) =>
      String(part)
        .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
        .replaceAll('-', '_'),
    )
    .join('_')
    .toUpperCase()
}

export const ENV_PREFIX = 'SALLYPORT_'

export function variableName(path: readonly (string | number)[]): string {
  return `${ENV_PREFIX}${upperSnake(path)}`
}
