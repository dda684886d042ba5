// What can one hostile session make the server hold? Starts the fixture once for each attack of hostile-attacks.ts, and
// prints by how much the server's memory grew at most, and what of it was still held after a garbage collection while the
// attack went on. Fails when that is above the budget. The first is larger by what V8 has not collected yet.
// Run by hand: npx node bench/hostile-session.ts [part of an attack's name]
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startMeasured } from './held.ts'
import { ATTACKS, LOGINS, type Target } from './hostile-attacks.ts'

const BUDGET_MIB = 8
const MIB = 2 ** 20
const LARGE_BYTES = 128 * MIB
const ENTRIES = 20_000
const SETTLE_MS = 1_500
/** How long an attack goes on, and how often the memory is looked at meanwhile. */
const ATTACK_MS = 4_000
const LOOK_MS = 50

const KIB_PER_MIB = 1024

const SLOW_DISK = new URL('slow-disk.ts', import.meta.url)
const SELF = fileURLToPath(import.meta.url)

const print = (line: string) => process.stdout.write(`${line}\n`)

function makeFiles(root: string): void {
  mkdirSync(join(root, 'many'))
  for (let n = 0; n < ENTRIES; n += 1) writeFileSync(join(root, 'many', `entry-${n}.txt`), '')
  writeFileSync(join(root, 'large'), Buffer.alloc(LARGE_BYTES))
}

/** KiB. */
async function highest(memory: () => number, ms: number): Promise<number> {
  const until = performance.now() + ms
  let most = 0
  while (performance.now() < until) {
    most = Math.max(most, memory())
    await pause(LOOK_MS)
  }
  return most
}

/** Each in a process of its own: what the client holds, and that it does not read, is its own affair. */
async function attack(name: string): Promise<number> {
  const dir = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sallyport-hostile-'))
  const report = join(dir, 'held.json')
  const server = await startMeasured(report, { dir, args: ['--bench', '--open'] }, [SLOW_DISK])
  const { fixture } = server
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
    const heldBefore = await server.held()
    const before = server.memory()
    await start(name)
    const most = ((await highest(server.memory, ATTACK_MS)) - before) / KIB_PER_MIB
    const held = ((await server.held()) - heldBefore) / KIB_PER_MIB
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
