// Loaded into a server that is measured (`--import`): at each SIGUSR2 collects its garbage, and then writes what is held to
// the file in HELD_PROBE_FILE. Started by held.ts.
import { renameSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of objects, and of what they keep outside of V8's heap. */
export type HeldReport = Readonly<{ heap: number; external: number }>

setFlagsFromString('--expose-gc')
const collect: (options: object) => void = runInNewContext('gc')
const { HELD_PROBE_FILE: file = '' } = process.env

process.on('SIGUSR2', () => {
  // As often as it finds anything; also gives back the room for new objects that a burst made V8 take.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const { heapUsed, external } = process.memoryUsage()
  const report: HeldReport = { heap: heapUsed, external }
  writeFileSync(`${file}.new`, JSON.stringify(report))
  renameSync(`${file}.new`, file)
})
