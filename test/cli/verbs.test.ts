import assert from 'node:assert/strict'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordLoginFailure } from '../../src/core/auth/throttle.ts'
import { createSqliteStateStore } from '../../src/state/sqlite.ts'
import { createProject, createReadyProject } from './harness.ts'

const MINUTE_MS = 60_000

test('--help is a table of contents: every verb under its chapter', async (t) => {
  const project = await createProject(t)
  const { code, out } = await project.run(['--help'])
  assert.equal(code, 0)
  const chapters = [...out.matchAll(/^(\S.*):$/gm)].map((match) => match[1])
  assert.deepEqual(chapters, ['Options', 'Serve', 'Look', 'Users', 'One-time codes and keys', 'About'])
  assert.match(out, /^ {2}user totp enrol <name> {2,}give a user/m)
})

test('a wrong command line: exit code 2 and where to look', async (t) => {
  const project = await createProject(t)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['frob'], /unknown command 'frob'\n\(`sallyport --help`/],
    [['user', 'lst'], /Did you mean list\?/],
    [['user', 'add'], /missing required argument 'name'/],
    [['check', '--frob'], /unknown option '--frob'/],
    [['explain', '--user', 'x', '--door', 'sftp'], /'--from <ip>' not specified/],
  ]
  for (const [args, message] of cases) {
    const { code, err } = await project.run(args)
    assert.match(err, message)
    assert.equal(code, 2, args.join(' '))
  }
  assert.equal((await project.spawn(['frob'])).code, 2, 'the process ends with it')
})

test('version tells the runtime too', async (t) => {
  const project = await createProject(t)
  const { out } = await project.run(['version', '--json'])
  assert.equal(JSON.parse(out).node, process.versions.node)
  assert.deepEqual(await project.run(['--version']), {
    code: 0,
    out: `${JSON.parse(out).sallyport}\n`,
    err: '',
  })
})

test('check: ok with a summary, warnings for what is weak, problems with exit code 1', async (t) => {
  const project = await createReadyProject(t)
  const good = await project.run(['check'])
  assert.equal(good.code, 0, good.err)
  assert.match(good.out, /^ok: ftp .*; 1 user; certificate until \d{4}-/m)
  await project.run(['user', 'add', 'weak', '--stdin'], 'only a password')
  const warned = await project.run(['check', '--set', 'listeners.ftp.cleartext=true'])
  assert.equal(warned.code, 0)
  assert.match(warned.out, /^warning: user weak can log in with one factor$/m)
  assert.match(warned.out, /^warning: listener ftp takes cleartext logins/m)
  const json = JSON.parse((await project.run(['check', '--json'])).out)
  assert.equal(json.ok, true)
  assert.equal(json.hostKeys.length, 2)
  assert.ok(!JSON.stringify(json).includes('PRIVATE KEY'))
  const missing = await project.run(['check', '--set', 'tls.keyFile=keys/absent.key'])
  assert.equal(missing.code, 1)
  assert.match(missing.err, /keys\/absent\.key/)
})

test('check tells which SSH listener offers more than modern algorithms, to whom and how long', async (t) => {
  const project = await createReadyProject(t)
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  const exception = (until: string) =>
    `{ networks: [10.1.0.0/16], allow: [ssh-rsa-host-key, rsa-2048], until: "${until}", owner: ops, reason: scanners }`
  const told = async (until: string) => {
    const sets = ['--set', `listeners.sftp.exceptions=[${exception(until)}]`]
    return (await project.run(['check', '--set', 'sftp.algorithms=compatible', ...sets])).out
  }
  const far = await told(day(100))
  assert.match(far, /^warning: listener sftp offers the SSH algorithms "compatible"$/m)
  const what = 'the SSH exception of 10.1.0.0/16 for ssh-rsa-host-key, rsa-2048'
  assert.ok(far.includes(`warning: listener sftp: ${what} holds until ${day(100)} (ops: scanners)\n`), far)
  assert.ok((await told(day(3))).includes(`${what} holds until ${day(3)}, in 3 days, (ops: scanners)`))
  assert.ok((await told('2020-01-31')).includes(`${what} ended 2020-01-31; remove it`))
})

test('check tells of uploads that may end without close_notify, whose and how long', async (t) => {
  const project = await createReadyProject(t)
  const told = async (until: string) => {
    const exception = `{ networks: [10.1.0.0/16], until: "${until}", owner: ops, reason: an old program }`
    return (await project.run(['check', '--set', `listeners.ftps.openEndedUploads=[${exception}]`])).out
  }
  const far = await told('2999-12-31')
  const what = 'takes uploads of 10.1.0.0/16 that end as cut ones do until 2999-12-31 (ops: an old program)'
  assert.ok(far.includes(`warning: listener ftps ${what}\n`), far)
  assert.match(
    await told('2020-01-31'),
    /^warning: listener ftps: the exception for open-ended uploads of 10\.1\.0\.0\/16 ended 2020-01-31; remove it$/m,
  )
})

test('check tells of old TLS on a listener, to whom it is due and how long', async (t) => {
  const project = await createReadyProject(t)
  const told = async (until: string) => {
    const exception = `{ until: "${until}", owner: ops, reason: scanners }`
    const sets = [`listeners.ftp.legacyTls=${exception}`, 'listeners.ftp.users=first']
    return (await project.run(['check', ...sets.flatMap((set) => ['--set', set])])).out
  }
  assert.match(
    await told('2999-12-31'),
    /^warning: listener ftp speaks old TLS until 2999-12-31 \(ops: scanners\)$/m,
  )
  const soon = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
  assert.ok((await told(soon)).includes(`speaks old TLS until ${soon}, in 3 days, (ops: scanners)`))
  const today = new Date().toISOString().slice(0, 10)
  assert.ok((await told(today)).includes(`until ${today}, in less than a day, (ops: scanners)`))
  assert.match(
    await told('2020-01-31'),
    /^warning: listener ftp: the exception for old TLS ended 2020-01-31; remove it$/m,
  )
})

test('check tells the problems of keys and users together', async (t) => {
  const project = await createReadyProject(t)
  await writeFile(join(project.dir, 'config/users.yaml'), 'users:\n  first:\n    door: [sftp]\n')
  await writeFile(join(project.dir, 'keys/tls.crt'), 'nothing\n')
  const { code, err } = await project.run(['check'])
  assert.equal(code, 1)
  assert.match(err, /config\/users\.yaml:3:5 .*did you mean doors/)
  assert.match(err, /keys\/tls\.crt/)
})

test('check says which files the server could not write, and makes none', async (t) => {
  const project = await createReadyProject(t)
  const sets = [
    'audit.file=config/users.yaml/audit.jsonl',
    'log.file=keys',
    'state.file=keys/tls.crt/deep/state.db',
  ]
  const { code, err } = await project.run(['check', ...sets.flatMap((set) => ['--set', set])])
  assert.equal(code, 1)
  assert.match(
    err,
    /users\.yaml\/audit\.jsonl cannot be there: what stands above it is a file\.\n {2}Correct the path\./,
  )
  assert.match(err, /keys is a folder\.\n {2}Name the file/)
  assert.match(err, /tls\.crt\/deep\/state\.db cannot be there/)
  const good = await project.run(['check', '--set', 'audit.file=new/deep/audit.jsonl'])
  assert.equal(good.code, 0, good.err)
  await assert.rejects(access(join(project.dir, 'new')), { code: 'ENOENT' })
})

test('check names a state file that no server would start on, and changes none', async (t) => {
  const project = await createReadyProject(t)
  const state = join(project.dir, 'data/state.db')
  assert.equal((await project.run(['check'])).code, 0, 'absent, or as the last server left it')
  await rm(state, { force: true })
  await createSqliteStateStore({ file: state, instance: undefined }).close()
  const bytes = await readFile(state)
  bytes.writeUInt32BE(99, 60)
  for (const [content, message] of [
    [bytes, /state\.db was written by a newer release \(version 99;/],
    [Buffer.from('short'), /state\.db cannot be used: file is not a database\. Restore it/],
    [Buffer.alloc(4096), /file is not a database/],
  ] as const) {
    await writeFile(state, content)
    const { code, err } = await project.run(['check'])
    assert.equal(code, 1)
    assert.match(err, message)
    assert.deepEqual(await readFile(state), content)
  }
  await writeFile(state, '')
  assert.equal((await project.run(['check'])).code, 0)
})

test('what may not be used is told with the account, and with what to do to nothing else', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may use everything')
  const project = await createReadyProject(t)
  const { code, err } = await project.run(['check', '--set', 'state.file=/sys/of its own/state.db'])
  assert.equal(code, 1)
  assert.match(err, /The folder \/sys\/of its own cannot be made by/)
  assert.match(err, /sudo install -d -m 0700 -o \S+ '\/sys\/of its own'/)
  assert.doesNotMatch(err, /chown/)
})

test('check looks at the files of every listener, whatever is wrong with those of another', async (t) => {
  const project = await createReadyProject(t)
  const own = (name: string, keys: string) => `  - { name: ${name}, door: ftp, port: 0, ${keys} }`
  const broken = 'certificateFile: keys/none.crt, keyFile: keys/tls.key'
  const text = [
    'listeners:',
    own('ftp', broken),
    own('ftps', broken),
    own('c', 'certificateFile: keys, keyFile: keys/tls.key'),
    own('d', 'bannerFile: keys'),
    own('e', 'welcomeFile: none.txt'),
    own('f', 'goodbyeFile: latin.txt'),
    '  - { name: sftp, door: sftp, port: 0, hostKeys: [keys/open] }',
  ].join('\n')
  await writeFile(join(project.dir, 'config/other.yaml'), text)
  await writeFile(join(project.dir, 'latin.txt'), Buffer.from('Gr\u00fc\u00dfe', 'latin1'))
  await writeFile(join(project.dir, 'keys/open'), 'secret', { mode: 0o644 })
  const { code, err } = await project.run(['check', '--config', join(project.dir, 'config/other.yaml')])
  assert.equal(code, 1)
  assert.equal(err.match(/keys\/none\.crt does not exist\.\n {2}Correct the path/g)?.length, 1, err)
  assert.equal(err.match(/\/keys is a folder\.\n {2}Name the file/g)?.length, 1, err)
  assert.match(err, /none\.txt does not exist/)
  assert.match(err, /latin\.txt cannot be shown as a banner: it is not UTF-8\.\n {2}Save it as UTF-8/)
  assert.match(
    err,
    /keys\/open can be read by other accounts of this machine\.\n {2}Close it with `chmod 600/,
  )
})

test('check --json prints JSON for a configuration that cannot be read, too', async (t) => {
  const project = await createReadyProject(t)
  const { code, out, err } = await project.run(['check', '--json', '--set', 'ftp.idelSeconds=1'])
  assert.deepEqual([code, err], [1, ''])
  const report = JSON.parse(out)
  assert.deepEqual([report.ok, report.users, report.certificates], [false, 0, []])
  assert.match(report.problems[0], /ftp\.idelSeconds: unknown key; did you mean ftp\.idleSeconds\?/)
})

test('explain runs the rules of the server: allow is exit code 0, deny 1', async (t) => {
  const project = await createReadyProject(t)
  const ask = (...more: readonly string[]) =>
    project.run(['explain', '--user', 'first', '--from', '192.0.2.7', ...more])
  const open = await ask('--door', 'sftp')
  assert.equal(open.code, 0, open.err)
  assert.match(open.out, /^ALLOW {2}first from 192\.0\.2\.7 by sftp on listener sftp at /)
  assert.match(open.out, /^RULE +VERDICT +WHY$/m)
  assert.match(open.out, /asks for the factors: password\+totp\./)
  assert.equal((await ask('--door', 'ftp', '--tls', '--factors', 'password,totp')).code, 0)
  const half = await ask('--door', 'ftps', '--factors', 'password', '--json')
  assert.equal(half.code, 1)
  assert.equal(JSON.parse(half.out).reason, 'factors-missing')
  const clear = await ask('--door', 'ftps', '--cleartext', '--json')
  assert.deepEqual([clear.code, JSON.parse(clear.out).reason], [1, 'encryption-required'])
  const unknown = await project.run(['explain', '--user', 'x', '--from', '::1', '--door', 'sftp', '--json'])
  assert.deepEqual([unknown.code, JSON.parse(unknown.out).reason], [1, 'unknown-user'])
})

test('explain: a wrong question is exit code 2 with what to write', async (t) => {
  const project = await createReadyProject(t)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--from', 'x', '--door', 'sftp'], /--from "x" is no IP address\.\n {2}Write 192/],
    [['--from', '::1', '--door', 'web'], /"web" is not known\.\n {2}Write one of ftp, ftps, sftp/],
    [
      ['--from', '::1', '--door', 'sftp', '--listener', 'ftp'],
      /No listener "ftp" has the door sftp\.\n {2}.*sftp/,
    ],
    [['--from', '::1', '--door', 'sftp', '--at', 'noon'], /--at "noon" is no date/],
    [['--from', '::1', '--door', 'sftp', '--tls'], /never by TLS\.\n {2}Leave --tls out/],
    [['--from', '::1', '--door', 'sftp', '--factors', 'face'], /"face" is not known/],
  ]
  for (const [args, message] of cases) {
    const { code, err } = await project.run(['explain', '--user', 'first', ...args])
    assert.match(err, message)
    assert.equal(code, 2)
  }
})

test('a lockout is shown, explained and lifted', async (t) => {
  const project = await createReadyProject(t)
  const state = createSqliteStateStore({ file: join(project.dir, 'data/state.db'), instance: undefined })
  const rule = { after: 1, windowMs: MINUTE_MS, lockMs: 10 * MINUTE_MS }
  const who = { name: 'first', remoteIp: '192.0.2.7' }
  await recordLoginFailure(state, { user: rule, address: rule }, who, Date.now())
  const patient = { ...rule, after: 9 }
  const other = { name: 'other', remoteIp: '192.0.2.8' }
  await recordLoginFailure(state, { user: patient, address: patient }, other, Date.now())
  await state.close()
  const question = ['explain', '--user', 'first', '--from', '192.0.2.7', '--door', 'sftp', '--json']
  assert.equal(JSON.parse((await project.run(question)).out).reason, 'address-locked')
  assert.match((await project.run(['user', 'list'])).out, /^first +locked/m)
  const lifted = await project.run(['user', 'unlock', 'first', '--from', '192.0.2.7'])
  assert.match(lifted.out, /^first is unlocked; .*\n192\.0\.2\.7 is unlocked; /)
  assert.equal((await project.run(question)).code, 0)
  assert.match((await project.run(['user', 'unlock', 'first'])).out, /^first was not locked/)
  const counted = await project.run(['user', 'unlock', 'first', '--from', '192.0.2.8'])
  assert.match(counted.out, /192\.0\.2\.8 was not locked/)
})
