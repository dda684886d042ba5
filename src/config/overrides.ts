import { parse } from 'yaml'
import { valueAt } from '../yaml/explain.ts'
import { nearest } from '../yaml/nearest.ts'
import { type Path, type Place, type Problem, pathText } from '../yaml/problem.ts'
import { alternatives, type Shape, shapesAt } from '../yaml/shape.ts'
import { CONFIG_KEYS, ENV_PREFIX, entryKeys, variableName } from './keys.ts'
import { configShape } from './schema.ts'

/** A value set from outside the file, at a path that the schema has. */
export type Override = Readonly<{ path: Path; place: Place; value: unknown }>
type Parsed = Readonly<{ overrides: readonly Override[]; problems: readonly Problem[] }>

/** Variables with our prefix that are not keys: where the configuration file is. */
const RESERVED_VARIABLES: ReadonlySet<string> = new Set([`${ENV_PREFIX}CONFIG`])

function acceptsText(shapes: readonly Shape[]): boolean {
  return shapes.some((shape) => shape.type === 'string')
}

/** Text keys take the text as it is (but `null` where null may stand); others are read as YAML, lists also as `a,b`. */
function readValue(text: string, shapes: readonly Shape[]): unknown {
  if (shapes.some((shape) => shape.type === 'null') && text === 'null') return null
  if (acceptsText(shapes)) return text
  if (shapes.some((shape) => shape.type === 'array') && !text.trim().startsWith('[')) {
    return text.trim() === '' ? [] : text.split(',').map((part) => part.trim())
  }
  try {
    return parse(text)
  } catch {
    return text
  }
}

/** Paths that can be set, for the lists of groups as they stand in `root`: by position and by name. */
function settablePaths(root: unknown): ReadonlyMap<string, Path> {
  const paths = new Map<string, Path>()
  for (const key of CONFIG_KEYS) {
    paths.set(key.path.join('.'), key.path)
    const inner = entryKeys(key.shape)
    const entries = valueAt(root, key.path)
    if (inner.length === 0 || !Array.isArray(entries)) continue
    entries.forEach((entry: unknown, index) => {
      const name = valueAt(entry, ['name'])
      for (const label of typeof name === 'string' ? [name, index] : [index]) {
        for (const { path } of inner)
          paths.set([...key.path, label, ...path].join('.'), [...key.path, index, ...path])
      }
    })
  }
  return paths
}

function unknown(place: Place, path: string, guess: string | undefined): Problem {
  const remedy = guess === undefined ? 'docs/configuration.md lists all keys' : `did you mean ${guess}?`
  return { place, path, message: 'unknown key', remedy }
}

function found(path: Path, place: Place, text: string): Override {
  return { path, place, value: readValue(text, shapesAt(configShape, path)) }
}

/** `SALLYPORT_LOGIN_GRACE_SECONDS=30`; for a listener `SALLYPORT_LISTENERS_FTP_PORT`, by its name or position. */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>>, root: unknown): Parsed {
  const paths = new Map(
    [...settablePaths(root)].map(([text, path]) => [variableName(text.split('.')), path] as const),
  )
  const overrides: Override[] = []
  const problems: Problem[] = []
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENV_PREFIX) || RESERVED_VARIABLES.has(name)) continue
    const place: Place = { kind: 'variable', name }
    const path = paths.get(name)
    if (path === undefined) problems.push(unknown(place, '', nearest(name, [...paths.keys()])))
    else overrides.push(found(path, place, text))
  }
  return { overrides, problems }
}

/** `key.path=value`, a listener by position or name: `listeners.ftp.port=0`. */
export function fromOptions(options: readonly string[], root: unknown): Parsed {
  const paths = settablePaths(root)
  const overrides: Override[] = []
  const problems: Problem[] = []
  for (const option of options) {
    const place: Place = { kind: 'option', text: option }
    const split = option.indexOf('=')
    const key = split < 0 ? option : option.slice(0, split)
    const path = paths.get(key)
    if (split < 0) {
      const message = 'has no value'
      problems.push({ place, path: key, message, remedy: 'write it as key.path=value' })
    } else if (path === undefined) problems.push(unknown(place, key, nearest(key, [...paths.keys()])))
    else overrides.push(found(path, place, option.slice(split + 1)))
  }
  return { overrides, problems }
}

/** Sets one value inside `root`, which must be a copy. A group of the wrong kind is left for the schema to report. */
function setAt(root: unknown, path: Path, value: unknown): void {
  let group = root
  path.forEach((part, index) => {
    if (typeof group !== 'object' || group === null) return
    const holder = group as Record<string | number, unknown>
    if (index === path.length - 1) holder[part] = value
    else holder[part] ??= {}
    group = holder[part]
  })
}

export function applyOverrides(root: unknown, overrides: readonly Override[]): unknown {
  const copy: unknown = structuredClone(root)
  for (const { path, value } of overrides) setAt(copy, path, value)
  return copy
}

/** The override that set the value at `path` or a group around it; the last one wins, as it does for the value. */
export function overrideAt(overrides: readonly Override[], path: Path): Override | undefined {
  const text = pathText(path)
  return overrides.findLast((override) => {
    const prefix = pathText(override.path)
    return text === prefix || text.startsWith(`${prefix}.`) || text.startsWith(`${prefix}[`)
  })
}

/** The list of listeners that applies when the file has none, so that its entries can be named in overrides. */
export function withDefaultLists(root: unknown): unknown {
  const copy: unknown = structuredClone(root ?? {})
  for (const key of CONFIG_KEYS) {
    const isList = alternatives(key.shape).some((shape) => shape.type === 'array')
    if (!isList || entryKeys(key.shape).length === 0 || valueAt(copy, key.path) !== undefined) continue
    setAt(copy, key.path, structuredClone(key.shape.default))
  }
  return copy
}
