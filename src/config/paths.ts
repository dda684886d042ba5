import { resolve } from 'node:path'
import { alternatives, type Shape } from '../yaml/shape.ts'
import { type Config, configShape } from './schema.ts'

/** The value with every text that one of its shapes marks as a path made absolute, in lists and groups too. */
function absolute(shapes: readonly Shape[], value: unknown, base: string): unknown {
  const all = shapes.flatMap(alternatives)
  if (typeof value === 'string') {
    return all.some((shape) => shape.format === 'path') ? resolve(base, value) : value
  }
  if (Array.isArray(value)) {
    const items = all.flatMap(({ items: item }) => (item === undefined ? [] : [item]))
    return value.map((one) => absolute(items, one, base))
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, one]) => {
    const named = all.map((shape) => shape.properties?.[name]).filter((shape) => shape !== undefined)
    return [name, absolute(named, one, base)] as const
  })
  return Object.fromEntries(entries)
}

/** Relative paths start at `server.baseDir`, which itself starts at the folder of the configuration file. */
export function absolutePaths(config: Config, configDir: string): Config {
  const base = resolve(configDir, config.server.baseDir)
  const whole = absolute([configShape], config, base) as Config
  return { ...whole, server: { ...whole.server, baseDir: base } }
}
