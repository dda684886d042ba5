import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'

export type Ran = Readonly<{ code: number | null; stdout: string; stderr: string; output: string }>

export type RunOptions = Readonly<{
  /** An empty folder that the program gets as HOME, so that nothing of the tester's own settings counts. */
  home: string
  cwd?: string
  input?: string
  env?: Readonly<Record<string, string>>
  timeoutMs?: number
}>

const DEFAULT_TIMEOUT_MS = 150_000

/** Runs a program to its end and collects what it says; one that outlives its time is killed and throws. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  await mkdir(options.home, { recursive: true })
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const child = spawn(command, args, {
    cwd: options.cwd ?? options.home,
    env: {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: options.home,
      LC_ALL: 'C.UTF-8',
      TERM: 'dumb',
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Its own group: clients that start helpers (lftp, expect) are then ended together with them.
    detached: true,
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  let timedOut = false
  const killer = setTimeout(() => {
    timedOut = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, timeoutMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  }).finally(() => clearTimeout(killer))
  const stdout = Buffer.concat(out).toString('utf8')
  const stderr = Buffer.concat(err).toString('utf8')
  const output = `${stdout}\n${stderr}`
  if (timedOut) throw new Error(`${command} did not end within ${timeoutMs} ms:\n${output}`)
  return { code, stdout, stderr, output }
}

/** As `run`, but anything other than exit code 0 throws with what the program said. */
export async function succeed(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const ran = await run(command, args, options)
  if (ran.code !== 0) throw new Error(`${command} ended with ${ran.code}:\n${ran.output}`)
  return ran
}
