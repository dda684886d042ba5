// Loaded into a server that is measured (`--import`): at each SIGUSR2 writes what is held after a garbage collection to the
// file in HOSTILE_PROBE_FILE. Makes its disk slow for writes that are not answered at once. Started by hostile-session.ts.
import fs, { renameSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of objects, and of what they keep outside of V8's heap. */
export type HeldReport = Readonly<{ heap: number; external: number }>

/** What a write to a disk that is about to fail takes. */
const SLOW_WRITE_MS = 10_000

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const { HOSTILE_PROBE_FILE: file = '' } = process.env

process.on('SIGUSR2', () => {
  // What ends in the first round may be all that holds something else.
  for (let round = 0; round < 3; round += 1) collect()
  const { heapUsed, external } = process.memoryUsage()
  const report: HeldReport = { heap: heapUsed, external }
  writeFileSync(`${file}.new`, JSON.stringify(report))
  renameSync(`${file}.new`, file)
})

for (const name of ['write', 'writev'] as const) {
  const original: unknown = Reflect.get(fs, name)
  if (typeof original !== 'function') throw new Error(`no fs.${name}`)
  // A file descriptor of its own is what every write to an upload has; the log's have theirs from before.
  Reflect.set(fs, name, (...given: unknown[]) => {
    setTimeout(() => Reflect.apply(original, fs, given), SLOW_WRITE_MS)
  })
}
syncBuiltinESMExports()
