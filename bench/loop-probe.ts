// Loaded into a server that is measured (`--import`): writes how its event loop did to the file in LOOP_PROBE_FILE at each
// SIGUSR2, and begins anew. Started by fairness.ts.
import { renameSync, writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

/** How often the loop is looked at. */
const LOOK_MS = 1
const PERCENT_99 = 0.01

/**
 * Milliseconds that what arrives at any moment waits until the loop looks at it, 99 % of the time at most, and the
 * longest that anything could have waited: by the clock, and by the CPU time of the loop's thread, which
 * leaves out what other processes took.
 */
export type LoopReport = Readonly<{ p99: number; max: number; ownP99: number; ownMax: number }>

/** Times between two looks, by the clock and in CPU time. */
let wall: number[] = []
let own: number[] = []

function cpuNow(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

let lastWall = performance.now()
let lastOwn = cpuNow()

setInterval(() => {
  const [nowWall, nowOwn] = [performance.now(), cpuNow()]
  wall.push(nowWall - lastWall)
  own.push(nowOwn - lastOwn)
  lastWall = nowWall
  lastOwn = nowOwn
}, LOOK_MS).unref()

/**
 * In a gap of length g an arrival is as likely as g is long, and waits for what is left of it: the share that waits
 * longer than w is the sum of all g - w above zero, of the whole time.
 */
function waitOf(gaps: readonly number[], share: number): number {
  const whole = gaps.reduce((sum, gap) => sum + gap, 0)
  let [low, high] = [0, Math.max(0, ...gaps)]
  for (let round = 0; round < 50; round += 1) {
    const middle = (low + high) / 2
    const longer = gaps.reduce((sum, gap) => sum + Math.max(0, gap - middle), 0)
    if (longer > whole * share) low = middle
    else high = middle
  }
  return high
}

const report = (): LoopReport => ({
  p99: waitOf(wall, PERCENT_99),
  max: Math.max(0, ...wall),
  ownP99: waitOf(own, PERCENT_99),
  ownMax: Math.max(0, ...own),
})

const file = process.env.LOOP_PROBE_FILE
if (file !== undefined) {
  process.on('SIGUSR2', () => {
    // By rename, so that whoever waits for the file finds the whole of it.
    writeFileSync(`${file}.new`, JSON.stringify(report()))
    renameSync(`${file}.new`, file)
    wall = []
    own = []
  })
}
