// One session of fairness.ts, in a process of its own: `probe` does small operations one after the other and prints the
// milliseconds that each took as JSON; `list`, `down` and `up` go on until they are killed. Door, role and, for what is
// bulk, a number from the command line; where to go from FAIRNESS_TARGET.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { SFTPWrapper } from 'ssh2'
import { ssh2 } from '../src/sftp/ssh2.ts'
import type { FixtureInfo, FixtureUser } from '../test/helpers/fixture.ts'
import { type FtpListener, type FtpWire, ftpWire } from '../test/helpers/ftp-wire-client.ts'

export type FairnessTarget = Readonly<{
  info: FixtureInfo
  user: FixtureUser
  /** Virtual paths of the folder with many entries, of a small file and of a large one; a local large one to send. */
  many: string
  small: string
  large: string
  local: string
  seconds: number
}>

/** What one small operation is called, and how long each took. */
export type Timings = Record<string, number[]>

/** A person's client asks now and then; without a pause the probe would be one more load. */
const PAUSE_MS = 5
const SMALL_SIZE = 4096
const PIECE = 256 * 1024

const [door = '', role = '', number = '0'] = process.argv.slice(2)
const target = JSON.parse(process.env.FAIRNESS_TARGET ?? '{}') as FairnessTarget
const { info, user } = target

async function measure(operations: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  const timings: Timings = Object.fromEntries(Object.keys(operations).map((name) => [name, []]))
  const end = performance.now() + target.seconds * 1000
  while (performance.now() < end) {
    for (const [name, operation] of Object.entries(operations)) {
      const start = performance.now()
      await operation()
      timings[name]?.push(performance.now() - start)
      await pause(PAUSE_MS)
    }
  }
  process.stdout.write(`${JSON.stringify(timings)}\n`)
}

/** Makes a promise of a call with a callback of Node's kind. */
function ask<T>(call: (done: (error: Error | null | undefined, value: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })
}

async function probeSftp(): Promise<void> {
  const client = new ssh2.Client()
  // It writes a packet in two pieces, and the second would wait for the server's word on the first.
  client.on('connect', () => client.setNoDelay(true))
  client.connect({ host: info.host, port: info.sftp.port, username: user.user, password: user.password })
  await once(client, 'ready')
  const sftp = await ask<SFTPWrapper>((done) => client.sftp(done))
  const into = Buffer.alloc(SMALL_SIZE)
  await measure({
    STAT: () => ask((done) => sftp.stat(target.small, done)),
    REALPATH: () => ask((done) => sftp.realpath('.', done)),
    'OPEN, READ, CLOSE': async () => {
      const handle = await ask<Buffer>((done) => sftp.open(target.small, 'r', done))
      await ask((done) => sftp.read(handle, into, 0, SMALL_SIZE, 0, done))
      await ask((done) => sftp.close(handle, (error) => done(error, undefined)))
    },
  })
  client.end()
}

/** OpenSSH's client costs a fraction of one in JavaScript, so that it is the server that has to work. */
async function bulkSftp(): Promise<void> {
  const line = {
    list: `ls -f1 ${target.many}`,
    down: `get ${target.large} /dev/null`,
    up: `put ${target.local} /up-${number}`,
  }[role]
  if (line === undefined) throw new Error(`no role ${role}`)
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes']
  const args = ['-q', '-i', user.ssh_key, '-P', String(info.sftp.port), ...options.map((o) => `-o${o}`)]
  const sftp = spawn('sftp', ['-b', '-', ...args, `${user.user}@${info.host}`], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  process.on('SIGTERM', () => {
    sftp.kill()
    process.exit()
  })
  // More than it can do before it is killed.
  sftp.stdin.write(`@${line}\n`.repeat(1000))
  await once(sftp, 'close')
}

async function loggedIn(listener: FtpListener): Promise<FtpWire> {
  const wire = await ftpWire(info, listener)
  const must = async (line: string, code: number) => {
    const reply = await wire.command(line)
    if (reply.code !== code) throw new Error(`${line}: ${reply.text}`)
  }
  await must(`USER ${user.user}`, 331)
  await must(`PASS ${user.password}`, 230)
  await must('TYPE I', 200)
  if (listener === 'ftp') return wire
  await must('PBSZ 0', 200)
  await must('PROT P', 200)
  return wire
}

async function receive(wire: FtpWire, line: string): Promise<void> {
  const data = await wire.data()
  data.resume()
  const ended = once(data, 'close')
  await wire.command(line)
  await ended
  await wire.reply()
}

async function probeFtp(listener: FtpListener): Promise<void> {
  const wire = await loggedIn(listener)
  await measure({
    NOOP: () => wire.command('NOOP'),
    SIZE: () => wire.command(`SIZE ${target.small}`),
    MLST: () => wire.command(`MLST ${target.small}`),
    'EPSV, RETR': () => receive(wire, `RETR ${target.small}`),
  })
  wire.destroy()
}

async function send(wire: FtpWire): Promise<void> {
  const data = await wire.data()
  await wire.command(`STOR /up-${number}`)
  for await (const piece of createReadStream(target.local, { highWaterMark: PIECE })) {
    if (!data.write(piece)) await once(data, 'drain')
  }
  data.end()
  await wire.reply()
}

async function bulkFtp(listener: FtpListener): Promise<void> {
  const wire = await loggedIn(listener)
  for (;;) {
    if (role === 'up') await send(wire)
    else await receive(wire, role === 'list' ? `LIST ${target.many}` : `RETR ${target.large}`)
  }
}

if (door === 'sftp') await (role === 'probe' ? probeSftp() : bulkSftp())
else await (role === 'probe' ? probeFtp : bulkFtp)(door as FtpListener)
