// What do idle sessions cost, and does the next client still get in? Starts the fixture, holds sessions of SFTP, FTP and
// FTPS, and prints KiB per session and how long a new login takes meanwhile; fails when one takes 100 ms or
// more. Needs two open files per session: ulimit -n. Run by hand: npx node bench/many-sessions.ts [sessions per door]
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type FixtureInfo, type FixtureUser, startFixture } from '../test/helpers/fixture.ts'
import { createCrowd, HELD_DOORS } from '../test/helpers/many-sessions.ts'

const DEFAULT_SESSIONS = '5000'
const WARM_UP = 50
const LOGINS = 20
const ALLOWED_MS = 100
/** V8 gives back what a burst of logins made it take once it has been quiet for some eight seconds. */
const SETTLE_MS = 20_000

/** Memory of a process itself. That of its files depends on how many others have the same ones mapped. */
async function kibOf(pid: number): Promise<number> {
  const found = /^Pss_Anon:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'))
  return Number(found?.[1])
}

const SFTP_CROWD = fileURLToPath(new URL('sftp-crowd.ts', import.meta.url))
const SFTP_PER_PROCESS = 500

/** SFTP sessions in processes of their own; each holds its own until it is killed. */
async function openSftp(info: FixtureInfo, user: FixtureUser, count: number): Promise<ChildProcess[]> {
  const children: ChildProcess[] = []
  for (let held = 0; held < count; held += SFTP_PER_PROCESS) {
    const args = [info.host, info.sftp.port, Math.min(SFTP_PER_PROCESS, count - held)]
    const address = `127.1.${children.length}.1`
    const child = spawn(process.execPath, [SFTP_CROWD, ...args.map(String), address], {
      env: { ...process.env, SFTP_USER: user.user, SFTP_PASSWORD: user.password },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(child)
    await once(child.stdout, 'data')
  }
  return children
}

const { positionals } = parseArgs({ allowPositionals: true })
const sessions = Number(positionals[0] ?? DEFAULT_SESSIONS)
const caps = ['max', 'perAddress', 'unauthenticated', 'unauthenticatedPerAddress']
const args = ['--bench', '--open', ...caps.flatMap((cap) => ['--set', `connections.${cap}=0`])]
const fixture = await startFixture({ args })
const settle = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
const print = (line: string) => process.stdout.write(`${line}\n`)
const children: ChildProcess[] = []
let slowest = 0
try {
  const { info } = fixture
  const crowd = createCrowd(info, fixture.user('main'))
  for (const door of HELD_DOORS) (await crowd.open(door, WARM_UP)).close()
  const measure = async (name: string, open: () => Promise<unknown>) => {
    await settle()
    const before = await kibOf(info.pid)
    await open()
    const each = async () => (((await kibOf(info.pid)) - before) / sessions).toFixed(1)
    const atOnce = await each()
    await settle()
    print(`${name}: ${sessions} sessions, ${atOnce} KiB each, ${await each()} later`)
  }
  const user = fixture.user('main')
  for (const child of await openSftp(info, user, WARM_UP)) child.kill()
  await measure('sftp', async () => children.push(...(await openSftp(info, user, sessions))))
  for (const door of HELD_DOORS) await measure(door, () => crowd.open(door, sessions))
  for (const door of HELD_DOORS) {
    const times: number[] = []
    for (let n = 0; n < LOGINS; n += 1) times.push(await crowd.login(door))
    slowest = Math.max(slowest, ...times)
    print(
      `${door}: a new login takes ${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)} ms`,
    )
  }
} finally {
  for (const child of children) child.kill()
  await fixture.kill()
}
print(slowest < ALLOWED_MS ? `Within the allowed ${ALLOWED_MS} ms` : `ABOVE the allowed ${ALLOWED_MS} ms`)
if (slowest >= ALLOWED_MS) process.exitCode = 1
