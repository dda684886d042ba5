import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { after, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { services } from '../../src/app.ts'
import { runCli } from '../../src/cli/run.ts'
import { createTerminal } from '../../src/cli/terminal.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** Free ports, and hashes that cost next to nothing: these tests are about the commands. */
const QUICK = [
  ...['ftp', 'ftps', 'sftp'].flatMap((name) => ['--set', `listeners.${name}.port=0`]),
  ...['ftp', 'ftps', 'sftp'].flatMap((name) => ['--set', `listeners.${name}.address=127.0.0.1`]),
  ...['--set', 'passwords.argon2.memoryKiB=64', '--set', 'passwords.argon2.passes=1'],
]
const DEADLINE_MS = 60_000

export type Outcome = Readonly<{ code: number | null; out: string; err: string }>

/** A server that was started as `sallyport serve`, in a process of its own. */
export type Serving = Readonly<{
  signal(name: NodeJS.Signals): void
  /** Resolves to all output when `text` has been printed; rejects when the process ends before. */
  until(text: string): Promise<string>
  ended: Promise<Outcome>
}>

export type Project = Readonly<{
  dir: string
  /** In this process, which spares a second each; `serve` and `spawn` prove that a process does the same. */
  run(args: readonly string[], stdin?: string): Promise<Outcome>
  spawn(args: readonly string[]): Promise<Outcome>
  serve(...args: readonly string[]): Serving
}>

/** An empty folder to run commands in, removed when the test ends. */
export async function createProject(t: TestContext): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const start = (args: readonly string[]) => {
    const launched = launch(dir, args)
    t.after(() => launched.child.kill('SIGKILL'))
    return launched
  }
  return {
    dir,
    run: (args, stdin = '') => runHere(dir, args, stdin),
    spawn: (args) => start([...args, ...QUICK]).ended,
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
      return { signal: (name) => child.kill(name), until, ended }
    },
  }
}

/** A project after its first start, with the user `first`. Made once for a test file and copied: keys take their time. */
export async function createReadyProject(t: TestContext): Promise<Project> {
  const project = await createProject(t)
  template ??= makeTemplate()
  await cp(await template, project.dir, { recursive: true })
  return project
}

let template: Promise<string> | undefined
after(async () => {
  if (template !== undefined) await rm(await template, { recursive: true, force: true })
})

async function makeTemplate(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-cli-'))
  const { child, ended, out } = launch(dir, ['serve', ...QUICK])
  while (!out().includes('Serving.')) await Promise.race([ended, once(child.stdout, 'data')])
  child.kill('SIGTERM')
  const { code, err } = await ended
  if (code !== 0) throw new Error(`the first start failed: ${err}`)
  return dir
}

function launch(dir: string, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: dir, env: { PATH: process.env.PATH } })
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  child.stdin.end()
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const ended = once(child, 'close').then(([code]): Outcome => {
    clearTimeout(timer)
    return { code, out, err }
  })
  return { child, ended, out: () => out }
}

async function runHere(dir: string, args: readonly string[], stdin: string): Promise<Outcome> {
  const [out, err] = [collector(), collector()]
  const streams = { isTTY: false } as const
  const code = await runCli({
    args: [...args, ...QUICK],
    env: { SALLYPORT_CONFIG: join(dir, 'config/sallyport.yaml') },
    terminal: createTerminal({
      stdin: Object.assign(Readable.from([stdin]), streams),
      stdout: Object.assign(out.stream, streams),
      stderr: Object.assign(err.stream, streams),
    }),
    services,
  })
  return { code, out: out.text(), err: err.text() }
}

function collector() {
  let text = ''
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    },
  })
  return { stream, text: () => text }
}
