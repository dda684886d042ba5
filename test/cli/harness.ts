import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** Free ports, and hashes that cost next to nothing: these tests are about the commands. */
const QUICK = [
  ...['ftp', 'ftps', 'sftp'].flatMap((name) => ['--set', `listeners.${name}.port=0`]),
  ...['ftp', 'ftps', 'sftp'].flatMap((name) => ['--set', `listeners.${name}.address=127.0.0.1`]),
  ...['--set', 'passwords.argon2.memoryKiB=64', '--set', 'passwords.argon2.passes=1'],
]
const DEADLINE_MS = 60_000

export type Outcome = Readonly<{ code: number | null; out: string; err: string }>
export type Run = Readonly<{ stdin?: string; env?: Readonly<Record<string, string>> }>

/** A server that was started as `sallyport serve`. */
export type Serving = Readonly<{
  out(): string
  signal(name: NodeJS.Signals): void
  /** Resolves when `text` has been printed; rejects when the process ends before. */
  until(text: string): Promise<string>
  ended: Promise<Outcome>
}>

export type Project = Readonly<{
  dir: string
  run(args: readonly string[], options?: Run): Promise<Outcome>
  serve(...args: readonly string[]): Serving
}>

/** An empty folder to run commands in, removed when the test ends. */
export async function createProject(t: TestContext): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const start = (args: readonly string[], { env = {} }: Run = {}) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: dir,
      env: { PATH: process.env.PATH, ...env },
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    const ended = once(child, 'close').then(([code]): Outcome => {
      clearTimeout(timer)
      return { code, out, err }
    })
    t.after(() => child.kill('SIGKILL'))
    return { child, ended, out: () => out }
  }
  return {
    dir,
    run: async (args, options = {}) => {
      const { child, ended } = start([...args, ...QUICK], options)
      // A command that ends without reading closes the pipe; that is no failure of the test.
      child.stdin.on('error', () => undefined).end(options.stdin ?? '')
      return ended
    },
    serve: (...args) => {
      const { child, ended, out } = start(['serve', ...QUICK, ...args])
      const until = async (text: string) => {
        while (!out().includes(text)) {
          const last = await Promise.race([ended, once(child.stdout, 'data')])
          if ('code' in last)
            throw new Error(`ended with ${last.code} before "${text}":\n${last.out}${last.err}`)
        }
        return out()
      }
      return { out, signal: (name) => child.kill(name), until, ended }
    },
  }
}

/** A project after its first start, with the user `first`. */
export async function createReadyProject(t: TestContext): Promise<Project> {
  const project = await createProject(t)
  const serving = project.serve()
  await serving.until('Serving.')
  serving.signal('SIGTERM')
  await serving.ended
  return project
}
