// A worker that keeps exchanging a directory with a link to outside, and a file with a link to a file outside.
import { renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'

type Work = { root: string; outside: string; stop: SharedArrayBuffer }

function isWork(data: unknown): data is Work {
  return typeof data === 'object' && data !== null && 'root' in data && 'outside' in data && 'stop' in data
}

if (!isWork(workerData)) throw new Error('no work')
const { root, outside, stop } = workerData
const flags = new Int32Array(stop)
let swaps = 0

/** `name` is the real thing for a moment, then a link to `target`, then the real thing again. */
function swap(name: string, target: string): void {
  renameSync(join(root, name), join(root, `${name}.aside`))
  symlinkSync(target, join(root, name))
  unlinkSync(join(root, name))
  // A link may be opened for writing through, which makes what it points to; what was made by that is in the way.
  renameSync(join(root, `${name}.aside`), join(root, name))
  swaps += 1
}

while (Atomics.load(flags, 0) === 0) {
  swap('dir', outside)
  swap(join('dir', 'file'), join(outside, 'file'))
}
parentPort?.postMessage(swaps)
