import { resolve } from 'node:path'
import { valueAt } from '../yaml/explain.ts'
import { alternatives, type Shape } from '../yaml/shape.ts'
import { CONFIG_KEYS } from './keys.ts'
import type { Config } from './schema.ts'

const BASE_KEY = 'server.baseDir'

function isPath(shape: Shape): boolean {
  return alternatives(shape).some((one) => one.format === 'path' || one.items?.format === 'path')
}

/** The keys whose values are paths in the filesystem; the schema marks them. */
const PATH_KEYS = CONFIG_KEYS.filter((key) => isPath(key.shape))

function absolute(base: string, value: unknown): unknown {
  if (typeof value === 'string') return resolve(base, value)
  return Array.isArray(value) ? value.map((one) => absolute(base, one)) : value
}

/** Relative paths start at `server.baseDir`, which itself starts at the folder of the configuration file. */
export function absolutePaths(config: Config, configDir: string): Config {
  const base = resolve(configDir, config.server.baseDir)
  const copy = structuredClone(config)
  for (const { path } of PATH_KEYS) {
    const parent = valueAt(copy, path.slice(0, -1)) as Record<string, unknown>
    const name = path.at(-1) ?? ''
    parent[name] = path.join('.') === BASE_KEY ? base : absolute(base, parent[name])
  }
  return copy
}
