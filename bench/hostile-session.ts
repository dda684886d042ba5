// What can one hostile session make the server hold? Starts the fixture once for each attack of hostile-attacks.ts, and
// prints by how much the server's memory grew at most, and what of it was still held after a garbage collection while the
// attack went on. Fails when that is above the budget. The first is larger by what V8 has not collected yet.
// Run by hand: npx node bench/hostile-session.ts [part of an attack's name]
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { eventually, startFixture } from '../test/helpers/fixture.ts'
import { ATTACKS, LOGINS, type Target } from './hostile-attacks.ts'
import type { HeldReport } from './hostile-probe.ts'

const BUDGET_MIB = 8
const MIB = 2 ** 20
const LARGE_BYTES = 128 * MIB
const ENTRIES = 20_000
const SETTLE_MS = 1_500
/** How long an attack goes on, and how often the memory is looked at meanwhile. */
const ATTACK_MS = 4_000
const LOOK_MS = 50

const PROBE = new URL('hostile-probe.ts', import.meta.url)
const SELF = fileURLToPath(import.meta.url)

const print = (line: string) => process.stdout.write(`${line}\n`)

/** MiB of a process itself. */
function memoryOf(pid: number): number {
  const found = /^Pss_Anon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
  return Number(found?.[1]) / 1024
}

function makeFiles(root: string): void {
  mkdirSync(join(root, 'many'))
  for (let n = 0; n < ENTRIES; n += 1) writeFileSync(join(root, 'many', `entry-${n}.txt`), '')
  writeFileSync(join(root, 'large'), Buffer.alloc(LARGE_BYTES))
}

/** MiB that are held after a garbage collection. */
async function heldBy(pid: number, report: string): Promise<number> {
  rmSync(report, { force: true })
  process.kill(pid, 'SIGUSR2')
  const { heap, external } = await eventually(
    async () => (existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as HeldReport) : undefined),
    'report of what is held',
  )
  return (heap + external) / MIB
}

async function highest(pid: number, ms: number): Promise<number> {
  const until = performance.now() + ms
  let most = 0
  while (performance.now() < until) {
    most = Math.max(most, memoryOf(pid))
    await pause(LOOK_MS)
  }
  return most
}

/** Each in a process of its own: what the client holds, and that it does not read, is its own affair. */
async function attack(name: string): Promise<number> {
  const dir = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sallyport-hostile-'))
  const report = join(dir, 'held.json')
  Object.assign(process.env, { NODE_OPTIONS: `--import=${PROBE}`, HOSTILE_PROBE_FILE: report })
  const fixture = await startFixture({ dir, args: ['--bench', '--open'] })
  delete process.env.NODE_OPTIONS
  const { pid } = fixture.info
  const user = fixture.user('main')
  const target: Target = { info: fixture.info, user, large: '/large', many: '/many' }
  const children: ChildProcess[] = []
  const start = async (what: string): Promise<ChildProcess> => {
    const env = { ...process.env, HOSTILE_TARGET: JSON.stringify(target) }
    const child = spawn(process.execPath, [SELF, '--attack', what], {
      ...{ env, stdio: ['ignore', 'pipe', 'inherit'] },
    })
    children.push(child)
    child.once('exit', (code) => {
      if (code !== null) throw new Error(`the attack ended with ${code}`)
    })
    if (child.stdout !== null) await once(child.stdout, 'data')
    return child
  }
  try {
    makeFiles(user.root)
    const [door = ''] = name.split(':')
    const warm = await start(door)
    await pause(SETTLE_MS)
    warm.kill('SIGKILL')
    await pause(SETTLE_MS)
    const heldBefore = await heldBy(pid, report)
    const before = memoryOf(pid)
    await start(name)
    const most = (await highest(pid, ATTACK_MS)) - before
    const held = (await heldBy(pid, report)) - heldBefore
    print(`${name}: ${most.toFixed(1)} MiB at most, ${Math.max(0, held).toFixed(1)} held`)
    return held
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await fixture.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { attack: { type: 'string' } },
})
if (values.attack !== undefined) {
  print('begins')
  const run = ATTACKS[values.attack] ?? LOGINS[values.attack]
  await run?.(JSON.parse(process.env.HOSTILE_TARGET ?? '') as Target)
  setInterval(() => undefined, ATTACK_MS)
} else {
  let worst = 0
  for (const name of Object.keys(ATTACKS)) {
    if (name.includes(positionals[0] ?? '')) worst = Math.max(worst, await attack(name))
  }
  print(`${worst <= BUDGET_MIB ? 'Within' : 'ABOVE'} the budget of ${BUDGET_MIB} MiB: ${worst.toFixed(1)}`)
  if (worst > BUDGET_MIB) process.exitCode = 1
}
