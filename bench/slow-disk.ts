// Loaded into a server that is measured (`--import`): makes its disk slow for writes that are not answered at once.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** What a write to a disk that is about to fail takes. */
const SLOW_WRITE_MS = 10_000

for (const name of ['write', 'writev'] as const) {
  const original: unknown = Reflect.get(fs, name)
  if (typeof original !== 'function') throw new Error(`no fs.${name}`)
  Reflect.set(fs, name, (...given: unknown[]) => {
    setTimeout(() => Reflect.apply(original, fs, given), SLOW_WRITE_MS)
  })
}
syncBuiltinESMExports()
