import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../helpers/fixture.ts'
import { createProject, createReadyProject } from './harness.ts'

const MODES: Readonly<Record<string, number>> = {
  config: 0o755,
  'config/sallyport.yaml': 0o600,
  'config/users.yaml': 0o600,
  keys: 0o700,
  'keys/ca.crt': 0o644,
  'keys/tls.crt': 0o644,
  'keys/tls.key': 0o600,
  'keys/secrets.key': 0o600,
  'keys/ssh_host_ed25519_key': 0o600,
  'keys/ssh_host_ed25519_key.pub': 0o644,
  'keys/ssh_host_rsa_key': 0o600,
  'keys/ssh_host_rsa_key.pub': 0o644,
  data: 0o700,
}
const PASSWORD = /^Password: {2}(\S+)$/m
const SECRET = /secret=([A-Z2-7]+)/

test('the first start makes everything, shows the secrets once, and the second shows none', async (t) => {
  const project = await createProject(t)
  const first = project.serve()
  const shown = await first.until('Serving.')
  first.signal('SIGTERM')
  assert.equal((await first.ended).code, 0)
  for (const [path, mode] of Object.entries(MODES)) {
    const found = (await stat(join(project.dir, path))).mode & 0o777
    assert.equal(found.toString(8), mode.toString(8), path)
  }
  const password = PASSWORD.exec(shown)?.[1] ?? ''
  const secret = SECRET.exec(shown)?.[1] ?? ''
  assert.ok(password.replaceAll('-', '').length >= 20)
  assert.equal(shown.split(password).length - 1, 1)
  assert.ok(!shown.includes('\u001b'), 'no colours where there is no terminal')
  assert.match(shown, /^ {2}curl --ssl-reqd --cacert keys\/ca\.crt --user first ftp:\/\/localhost:\d+\/$/m)
  assert.match(shown, /^ {2}curl --cacert keys\/ca\.crt --user first ftps:\/\/localhost:\d+\/$/m)
  assert.match(shown, /^ {2}sftp -P \d+ first@localhost$/m)

  const before = await contents(project.dir)
  assert.ok(!before.includes(password) && !before.includes(secret), 'nothing on disk has them in clear')
  const second = project.serve()
  const later = await second.until('Serving.')
  second.signal('SIGINT')
  assert.equal((await second.ended).code, 0)
  assert.doesNotMatch(later, /Password|secret|otpauth/)
  assert.equal(await contents(project.dir), before, 'a later start changes nothing')
})

test('a start that was cut short is completed with what is there', async (t) => {
  const project = await createReadyProject(t)
  const key = await readFile(join(project.dir, 'keys/ssh_host_ed25519_key'), 'utf8')
  await rm(join(project.dir, 'config/sallyport.yaml'))
  await rm(join(project.dir, 'keys/ssh_host_rsa_key'))
  const serving = project.serve()
  await serving.until('First start')
  // Sent by who reloads right behind a start: it must not end the start.
  serving.signal('SIGHUP')
  const shown = await serving.until('Serving.')
  serving.signal('SIGTERM')
  await serving.ended
  assert.match(shown, /^Made config\/sallyport\.yaml, keys\/ssh_host_rsa_key\.$/m)
  assert.doesNotMatch(shown, /Password/, 'the users file was there')
  assert.equal(await readFile(join(project.dir, 'keys/ssh_host_ed25519_key'), 'utf8'), key)
})

test('a certificate without its key is refused, and no configuration is left behind', async (t) => {
  const project = await createReadyProject(t)
  await rm(join(project.dir, 'config/sallyport.yaml'))
  await rm(join(project.dir, 'keys/tls.key'))
  const { code, err } = await project.spawn(['serve'])
  assert.equal(code, 1)
  assert.match(
    err,
    /keys\/tls\.crt and .*keys\/ca\.crt, but no .*keys\/tls\.key\.\n {2}Put back what is missing/,
  )
  assert.deepEqual(await readdir(join(project.dir, 'config')), ['users.yaml'])
})

test('a configuration that was named is never made', async (t) => {
  const project = await createProject(t)
  const { code, err } = await project.spawn(['serve', '--config', 'other.yaml'])
  assert.equal(code, 1)
  assert.match(err, /There is no configuration other\.yaml\.\n {2}Correct the path/)
  assert.deepEqual(await readdir(project.dir), [])
})

test('a taken port is named with its remedy and leaves nothing listening', async (t) => {
  const project = await createReadyProject(t)
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise((resolve) => other.once('listening', resolve))
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  // A free port may lie in the passive range, which is a mistake of its own.
  const passive = ['--set', 'ftp.passivePorts.from=0', '--set', 'ftp.passivePorts.to=0']
  const ended = await project.serve('--set', `listeners.sftp.port=${port}`, ...passive).ended
  assert.equal(ended.code, 1)
  assert.match(ended.err, new RegExp(`^Port ${port} .*is in use by another program\\.\n  Stop `))
  assert.doesNotMatch(ended.out, /Serving/)
  assert.doesNotMatch(ended.err, /\n {4}at /, 'no stack trace for a mistake of the operator')
})

test('a key that cannot be used is named with its remedy', async (t) => {
  const project = await createReadyProject(t)
  await writeFile(join(project.dir, 'keys/ssh_host_rsa_key'), 'no key\n')
  const { code, err } = await project.serve().ended
  assert.equal(code, 1)
  assert.match(err, /keys\/ssh_host_rsa_key/)
  assert.doesNotMatch(err, /\n {4}at /)
})

test('a bad configuration: every problem with its place, exit code 1', async (t) => {
  const project = await createReadyProject(t)
  await writeFile(
    join(project.dir, 'config/sallyport.yaml'),
    'login:\n  graceSecond: 5\n  attemptsPerConnection: x\n',
  )
  const { code, err } = await project.spawn(['serve'])
  assert.equal(code, 1)
  assert.match(err, /config\/sallyport\.yaml:2:3 .*did you mean graceSeconds/)
  assert.match(err, /config\/sallyport\.yaml:3:\d+ /)
  assert.match(err, /2 problems in the configuration\./)
})

test('SIGHUP reloads; a configuration with problems changes nothing', async (t) => {
  const project = await createReadyProject(t)
  const serving = project.serve()
  await serving.until('Serving.')
  await writeFile(join(project.dir, 'config/sallyport.yaml'), 'access:\n  deny: [192.0.2.0/24]\n')
  serving.signal('SIGHUP')
  assert.match(await serving.until('Reloaded'), /Reloaded: .*access/)
  serving.signal('SIGTERM')
  const { code, out } = await serving.ended
  assert.equal(code, 0)
  assert.match(out, /Stopped\.\n$/)
})

test('a reload that hangs with the disk of the audit log does not keep SIGTERM waiting', async (t) => {
  const project = await createReadyProject(t)
  // Nobody reads from it, and it is full: whoever writes waits for ever.
  const [audit, log] = [join(project.dir, 'audit'), join(project.dir, 'server.jsonl')]
  assert.equal(spawnSync('mkfifo', [audit]).status, 0)
  const pipe = openSync(audit, constants.O_RDWR | constants.O_NONBLOCK)
  t.after(() => closeSync(pipe))
  assert.throws(() => {
    for (;;) writeSync(pipe, 'x')
  }, /EAGAIN/)
  const serving = project.serve('--set', `audit.file=${audit}`, '--set', `log.file=${log}`)
  await serving.until('Serving.')
  await rename(log, `${log}.1`)
  serving.signal('SIGHUP')
  await eventually(
    () =>
      stat(log).then(
        () => true,
        () => undefined,
      ),
    'reload',
  )
  serving.signal('SIGTERM')
  await serving.until('Stopping:')
})

/** All of config/ and keys/ as one text. */
async function contents(dir: string): Promise<string> {
  const folders = ['config', 'keys'].map(async (folder) => {
    const names = (await readdir(join(dir, folder))).sort()
    const texts = names.map(async (name) => `${name}\n${await readFile(join(dir, folder, name), 'latin1')}`)
    return (await Promise.all(texts)).join('\n')
  })
  return (await Promise.all(folders)).join('\n')
}
