// Anybody may read on the one listener that says so, and on no other.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run, succeed } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { type Fixture, lazyFixture } from '../helpers/fixture.ts'
import { ftpWire } from '../helpers/ftp-wire-client.ts'
import { attemptLogin, ENCRYPTED_LISTENERS } from '../helpers/login-attempt.ts'

const shared = lazyFixture({ args: ['--open', '--set', 'login.failureDelayMs=0'] })
after(shared.stop)
const MAIL = 'guest-of-nobody@example.org'
let scratch = ''
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sallyport-anonymous-'))
})
after(() => rm(scratch, { recursive: true, force: true }))

async function withFile(name: string): Promise<Fixture> {
  const fixture = await shared.get()
  await writeFile(join(fixture.user('anonymous').root, name), `content of ${name}`)
  return fixture
}

clientTest('curl reads without a name, in clear and in TLS', [program('curl')], async () => {
  const fixture = await withFile('public.txt')
  const url = `ftp://localhost:${fixture.info.ftp?.port}/public.txt`
  for (const tls of [[], ['--ssl-reqd', '--cacert', fixture.info.tls.ca]]) {
    const { stdout } = await succeed('curl', ['-sS', '--ipv4', ...tls, url], { home: scratch })
    assert.equal(stdout, 'content of public.txt')
  }
})

clientTest('curl can change nothing', [program('curl')], async () => {
  const fixture = await withFile('kept.txt')
  const root = fixture.user('anonymous').root
  const url = `ftp://localhost:${fixture.info.ftp?.port}/`
  await writeFile(join(scratch, 'up.txt'), 'mine')
  for (const args of [
    ['-T', join(scratch, 'up.txt'), `${url}kept.txt`],
    ['-T', join(scratch, 'up.txt'), `${url}new.txt`],
    ['-Q', 'DELE kept.txt', url],
    ['-Q', 'MKD folder', url],
    ['-Q', 'SITE CHMOD 777 kept.txt', url],
  ]) {
    assert.notEqual(
      (await run('curl', ['-sS', '--ipv4', ...args], { home: scratch })).code,
      0,
      args.join(' '),
    )
  }
  assert.equal(await readFile(join(root, 'kept.txt'), 'utf8'), 'content of kept.txt')
})

clientTest('lftp mirrors it', [program('lftp')], async () => {
  const fixture = await withFile('mirrored.txt')
  const script = [
    'set cmd:fail-exit true',
    'set ftp:ssl-force true',
    'set dns:order inet',
    `set ssl:ca-file ${fixture.info.tls.ca}`,
    `open -p ${fixture.info.ftp?.port} ftp://localhost`,
    `mirror / ${join(scratch, 'mirror')}`,
    'bye',
    '',
  ]
  await succeed('lftp', ['--norc'], { home: scratch, input: script.join('\n') })
  assert.equal(await readFile(join(scratch, 'mirror', 'mirrored.txt'), 'utf8'), 'content of mirrored.txt')
})

test('on every other listener both names are like one that nobody has', async () => {
  const fixture = await shared.get()
  for (const listener of ENCRYPTED_LISTENERS) {
    const [unknown, anonymous, alias] = await Promise.all(
      ['nobody-at-all', 'anonymous', 'ftp'].map((user) =>
        attemptLogin(fixture.info, listener, { user, password: MAIL }),
      ),
    )
    assert.equal(anonymous?.granted, false)
    assert.deepEqual([anonymous, alias], [unknown, unknown])
  }
})

test('the e-mail address that is given as a password is kept nowhere', async () => {
  const fixture = await shared.get()
  const wire = await ftpWire(fixture.info, 'ftp')
  assert.equal((await wire.command('CLNT mailer')).code, 200)
  assert.equal((await wire.command('USER ftp')).code, 331)
  assert.equal((await wire.command(`PASS ${MAIL}`)).code, 230)
  wire.destroy()
  const granted = await fixture.audited(
    (line) => line.type === 'login.granted' && line.client === 'mailer',
    'login of mailer',
  )
  assert.equal(granted.user, 'anonymous')
  assert.deepEqual(granted.factors, [])
  for (const file of [fixture.info.server.audit, fixture.info.server.log]) {
    assert.ok(!(await readFile(file, 'utf8')).includes(MAIL))
  }
})
