import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('../../scripts/fixture.ts', import.meta.url))
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
const POLL_MS = 20

export type FixtureUser = Readonly<{
  user: string
  password: string
  root: string
  base: string
  ssh_key: string
  tls_cert: string
  tls_key: string
  totp: string
  quota_bytes?: number
}>

type Port = Readonly<{ port: number }>

/** The line that the fixture prints; what a version does not have yet is absent. */
export type FixtureInfo = Readonly<{
  pid: number
  host: string
  ftp?: Port
  ftpes: Port
  ftps: Port
  sftp: Port
  tls: Readonly<{ ca: string; servername: string; insecure: boolean }>
  users: Readonly<Record<string, Partial<FixtureUser>>>
  policy: Readonly<Record<string, string | number | boolean | null>>
  server: Readonly<{ log: string; audit: string }>
}>

export type AuditLine = Readonly<Record<string, unknown> & { type: string }>

export type Fixture = Readonly<{
  dir: string
  info: FixtureInfo
  user(name: string): FixtureUser
  audit(): Promise<readonly AuditLine[]>
  /** Waits until the audit has an event that fits. */
  audited(fits: (line: AuditLine) => boolean, what: string): Promise<AuditLine>
  signal(name: NodeJS.Signals): void
  /** SIGKILL, as a crash; the folder stays. */
  kill(): Promise<void>
  /** SIGTERM; asserts a clean end. The folder goes unless `keep`. */
  stop(options?: { keep: boolean }): Promise<void>
}>

export type FixtureOptions = Readonly<{ dir?: string; args?: readonly string[] }>

/** Asks until the answer is not undefined; for effects in another process that announces nothing. */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  what: string,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`still no ${what} after ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'sallyport-interop-')))
  const child = spawn(process.execPath, [SCRIPT, '--dir', dir, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const info = await firstLine(child)
  return control(dir, info, child, ended)
}

function firstLine(child: ChildProcess): Promise<FixtureInfo> {
  return new Promise((resolve, reject) => {
    let out = ''
    let err = ''
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Error(`the fixture ${why}\n${out}\n${err}`))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`was not ready after ${START_TIMEOUT_MS} ms`)
    }, START_TIMEOUT_MS)
    child.stderr?.on('data', (chunk: Buffer) => {
      err += chunk.toString('utf8')
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8')
      const end = out.indexOf('\n')
      if (end === -1) return
      clearTimeout(timer)
      resolve(JSON.parse(out.slice(0, end)) as FixtureInfo)
    })
    child.once('close', (code) => fail(`ended with ${code} before it was ready`))
  })
}

function control(
  dir: string,
  info: FixtureInfo,
  child: ChildProcess,
  ended: Promise<number | null>,
): Fixture {
  const audit = async (): Promise<readonly AuditLine[]> => {
    const text = await readFile(info.server.audit, 'utf8').catch(() => '')
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AuditLine)
  }
  return {
    dir,
    info,
    user: (name) => {
      const user = info.users[name]
      assert.ok(user, `the fixture has no user ${name}`)
      const none = { password: '', root: '', base: '/', ssh_key: '', tls_cert: '', tls_key: '', totp: '' }
      return { user: name, ...none, ...user }
    },
    audit,
    audited: (fits, what) => eventually(async () => (await audit()).find(fits), what),
    signal: (name) => void child.kill(name),
    kill: async () => {
      process.kill(info.pid, 'SIGKILL')
      child.kill('SIGKILL')
      await ended
    },
    stop: async ({ keep } = { keep: false }) => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      const code = await ended
      clearTimeout(timer)
      if (!keep) await rm(dir, { recursive: true, force: true })
      assert.equal(code, 0, `the fixture ended with ${code} after SIGTERM`)
    },
  }
}

/** One fixture for a test file: made at the first use, stopped by `stop`. */
export function lazyFixture(options: FixtureOptions = {}) {
  let started: Promise<Fixture> | undefined
  return {
    get: (): Promise<Fixture> => {
      started ??= startFixture(options)
      return started
    },
    stop: async (): Promise<void> => {
      if (started !== undefined) await (await started).stop()
    },
  }
}
