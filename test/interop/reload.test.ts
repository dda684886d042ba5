// Users change while the server runs: no restart, no signal, and whoever is switched off is out at once.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { succeed } from '../helpers/child.ts'
import { eventually, type Fixture, lazyFixture, startFixture } from '../helpers/fixture.ts'
import { ftpSession } from '../helpers/ftp-wire-client.ts'
import { attemptLogin, ENCRYPTED_LISTENERS } from '../helpers/login-attempt.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const NEWCOMER = { user: 'newcomer', password: 'a long enough password of a newcomer' }

const shared = lazyFixture({
  args: ['--set', 'login.failureDelayMs=0', '--set', 'login.lockout.user.after=0'],
})
after(shared.stop)

/** The product's own command line, on the fixture's configuration. */
async function sallyport(fixture: Fixture, args: readonly string[], input = ''): Promise<void> {
  const config = join(fixture.dir, 'config', 'sallyport.yaml')
  const home = join(fixture.dir, 'cli-home')
  await succeed(process.execPath, [MAIN, ...args, '--config', config], { home, input })
}

async function letIn(fixture: Fixture): Promise<void> {
  for (const listener of ENCRYPTED_LISTENERS) {
    await eventually(
      async () => ((await attemptLogin(fixture.info, listener, NEWCOMER)).granted ? true : undefined),
      `login of the newcomer over ${listener}`,
    )
  }
}

function sshClient(fixture: Fixture): Promise<{ closed: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    const closed = new Promise<void>((done) => client.once('close', () => done()))
    client.once('ready', () => resolve({ closed }))
    client.on('error', reject)
    const { user: username, password } = NEWCOMER
    client.connect({ host: fixture.info.host, port: fixture.info.sftp.port, username, password })
  })
}

test('a user that is added logs in on every door, and is thrown out when disabled', async () => {
  const fixture = await shared.get()
  const { user, password } = NEWCOMER
  await sallyport(fixture, ['user', 'add', user, '--stdin'], `${password}\n`)
  await letIn(fixture)

  const ftp = await ftpSession(fixture.info, 'ftpes', NEWCOMER)
  const ssh = await sshClient(fixture)
  await sallyport(fixture, ['user', 'disable', user])
  await Promise.all([ftp.closed, ssh.closed])
  for (const listener of ENCRYPTED_LISTENERS) {
    assert.equal((await attemptLogin(fixture.info, listener, NEWCOMER)).granted, false)
  }
  await sallyport(fixture, ['user', 'enable', user])
  await letIn(fixture)
})

test('SIGHUP to `sallyport serve` interrupts nobody, SIGTERM ends it with 0', async (t) => {
  const made = await startFixture()
  await made.stop({ keep: true })
  t.after(() => rm(made.dir, { recursive: true, force: true }))
  const config = join(made.dir, 'config', 'sallyport.yaml')
  const server = spawn(process.execPath, [MAIN, 'serve', '--config', config], { stdio: 'ignore' })
  const ended = once(server, 'exit')
  t.after(() => server.kill('SIGKILL'))
  const second = made.user('second')
  const ftp = await eventually(() => ftpSession(made.info, 'ftpes', second).catch(() => undefined), 'login')
  const started = (await made.audit()).length

  server.kill('SIGHUP')
  await eventually(
    async () => (await made.audit()).slice(started).find((line) => line.type === 'server.reloaded'),
    'server.reloaded',
  )
  assert.equal((await ftp.command('PWD')).code, 257)
  assert.equal((await attemptLogin(made.info, 'sftp', second)).granted, true)
  ftp.destroy()
  server.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})

test('an exception of SSH that is added counts from SIGHUP on, for new connections', async (t) => {
  const made = await startFixture()
  await made.stop({ keep: true })
  t.after(() => rm(made.dir, { recursive: true, force: true }))
  const file = join(made.dir, 'config', 'sallyport.yaml')
  const server = spawn(process.execPath, [MAIN, 'serve', '--config', file], { stdio: 'ignore' })
  const ended = once(server, 'exit')
  t.after(() => server.kill('SIGKILL'))
  const { user: username, password } = made.user('second')
  const weak = (): Promise<string> =>
    new Promise((resolve) => {
      const client = new ssh2.Client()
      client.once('ready', () => {
        client.end()
        resolve('in')
      })
      client.on('error', ({ message }) => resolve(message))
      const { host, sftp } = made.info
      client.connect({ host, port: sftp.port, username, password, algorithms: { cipher: ['aes128-cbc'] } })
    })
  const said = async (expected: RegExp) => ((text) => (expected.test(text) ? true : undefined))(await weak())
  await eventually(() => said(/no matching C->S cipher/), 'refusal')

  const exception = { networks: ['127.0.0.0/8'], allow: ['aes-cbc', 'hmac-sha1'], until: '2099-12-31' }
  const config = parse(await readFile(file, 'utf8')) as { listeners: { door: string }[] }
  const listeners = config.listeners.map((listener) =>
    listener.door === 'sftp'
      ? { ...listener, exceptions: [{ ...exception, owner: 'ops', reason: 'test' }] }
      : listener,
  )
  await writeFile(file, stringify({ ...config, listeners }))
  server.kill('SIGHUP')
  const { changed } = await made.audited(({ type }) => type === 'server.reloaded', 'server.reloaded')
  assert.deepEqual(changed, ['listeners'])
  assert.equal(await weak(), 'in')
  server.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})
