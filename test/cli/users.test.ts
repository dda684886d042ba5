import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createReadyProject, type Project } from './harness.ts'

const PASSWORD = 'correct horse battery'

/** A line as in a .pub file. */
function publicKeyLine(comment: string): string {
  const der = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' })
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
  const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(der.subarray(-32))])
  return `ssh-ed25519 ${blob.toString('base64')} ${comment}`
}

function users(project: Project): Promise<string> {
  return readFile(join(project.dir, 'config/users.yaml'), 'utf8')
}

async function show(project: Project, name: string): Promise<Record<string, unknown>> {
  const { code, out } = await project.run(['user', 'show', name, '--json'])
  assert.equal(code, 0)
  return JSON.parse(out)
}

test('add, show, list, passwd, disable, enable and rm, each seen by the next', async (t) => {
  const project = await createReadyProject(t)
  const options = [
    '--door',
    'sftp',
    '--allow',
    '192.0.2.0/24',
    '--permissions',
    'read-only',
    '--expires',
    '2999-12-31',
  ]
  const added = await project.run(['user', 'add', 'alice', '--stdin', ...options], `${PASSWORD}\n`)
  assert.deepEqual([added.code, added.out, added.err], [0, 'alice is added.\n', ''])
  const alice = await show(project, 'alice')
  assert.deepEqual(alice.doors, ['sftp'])
  assert.deepEqual(alice.allow, ['192.0.2.0/24'])
  assert.deepEqual(alice.chains, [['password']])
  assert.equal(alice.expires, '2999-12-31T23:59:59.999Z')
  assert.equal(alice.password, 'argon2id')

  const before = await users(project)
  const passwd = await project.run(['user', 'passwd', 'alice', '--stdin'], 'another good one')
  assert.match(passwd.out, /^alice has a new password/)
  assert.notEqual(await users(project), before)

  assert.match((await project.run(['user', 'disable', 'alice'])).out, /^alice is disabled/)
  assert.equal((await show(project, 'alice')).status, 'disabled')
  assert.match((await project.run(['user', 'enable', 'alice'])).out, /^alice is enabled/)
  const list = await project.run(['user', 'list'])
  assert.match(list.out, /^NAME +STATUS +FACTORS +DOORS +FROM +EXPIRES\n/)
  assert.match(list.out, /^alice +active +password +sftp +192\.0\.2\.0\/24 +2999-12-31$/m)
  assert.match(list.out, /^first +active +password\+totp +ftps sftp +any +never$/m)

  assert.equal((await project.run(['user', 'rm', 'alice', '--yes'])).code, 0)
  assert.doesNotMatch(await users(project), /alice/)
  assert.match(await users(project), /^# Who may log in/, 'comments stay')
})

test('no verb shows a hash or a secret', async (t) => {
  const project = await createReadyProject(t)
  const outs = await Promise.all(
    [['list'], ['list', '--json'], ['show', 'first'], ['show', 'first', '--json']].map((words) =>
      project.run(['user', ...words]),
    ),
  )
  for (const { code, out } of outs) {
    assert.equal(code, 0)
    assert.doesNotMatch(out, /\$argon2id\$|enc:v1|otpauth/)
  }
})

test('a user with a key and a code; keys are added and taken away by fingerprint or comment', async (t) => {
  const project = await createReadyProject(t)
  await writeFile(join(project.dir, 'a.pub'), `${publicKeyLine('laptop')}\n`)
  const added = await project.run(['user', 'add', 'bob', '--key', join(project.dir, 'a.pub'), '--totp'])
  assert.equal(added.code, 0, added.err)
  assert.match(added.out, /otpauth:\/\/totp\/Sallyport:bob\?secret=[A-Z2-7]{32}&/)
  assert.deepEqual((await show(project, 'bob')).chains, [['publickey', 'totp']])

  const more = await project.run(['user', 'key', 'add', 'bob', '-'], publicKeyLine('desk'))
  assert.match(more.out, /^bob has a new key\.\nSHA256:\S+ ssh-ed25519 desk\n$/)
  assert.equal((await project.run(['user', 'key', 'rm', 'bob', 'laptop'])).code, 0)
  const keys = (await show(project, 'bob')).keys
  assert.ok(Array.isArray(keys) && keys.length === 1 && keys[0].comment === 'desk')
  const absent = await project.run(['user', 'key', 'rm', 'bob', 'laptop'])
  assert.deepEqual([absent.code, absent.out], [1, ''])
  assert.match(absent.err, /bob has no key "laptop"\.\n {2}Give the fingerprint/)
})

test('keys with options and authorities are added, shown and taken away; an option that is unknown is refused', async (t) => {
  const project = await createReadyProject(t)
  assert.equal((await project.run(['user', 'add', 'bob', '--key', '-'], publicKeyLine('laptop'))).code, 0)
  const lines = [
    `from="192.0.2.0/24",restrict ${publicKeyLine('desk')}`,
    `cert-authority,principals="ops" ${publicKeyLine('ca')}`,
  ]
  const added = await project.run(['user', 'key', 'add', 'bob', '-'], lines.join('\n'))
  assert.match(
    added.out,
    /^bob has 2 new keys\.\nSHA256:\S+ ssh-ed25519 desk from="192\.0\.2\.0\/24",restrict\nSHA256:\S+ ssh-ed25519 ca cert-authority,principals="ops"\n$/,
  )
  const shown = (await project.run(['user', 'show', 'bob'])).out
  assert.match(shown, /^key +SHA256:\S+ ssh-ed25519 laptop$/m)
  assert.match(shown, /^key +SHA256:\S+ ssh-ed25519 desk from="192\.0\.2\.0\/24",restrict$/m)
  assert.match(shown, /^authority +SHA256:\S+ ssh-ed25519 ca cert-authority,principals="ops"$/m)
  assert.equal((await project.run(['user', 'key', 'rm', 'bob', 'ca'])).code, 0)
  assert.doesNotMatch((await project.run(['user', 'show', 'bob'])).out, /^authority/m)
  const before = await users(project)
  const refused = await project.run(
    ['user', 'key', 'add', 'bob', '-'],
    `permitopen="a:1" ${publicKeyLine('x')}`,
  )
  assert.equal(refused.code, 1)
  assert.match(refused.err, /the option permitopen is not supported; known are from/)
  assert.equal(await users(project), before)
})

test('one-time codes are enrolled and removed, with a note when a chain is left without', async (t) => {
  const project = await createReadyProject(t)
  const before = await users(project)
  const unconfirmed = await project.run(['user', 'totp', 'enrol', 'first'])
  assert.equal(unconfirmed.code, 1)
  assert.match(unconfirmed.err, /no terminal to ask for a code on; nothing was changed\.\n.*--no-confirm/)
  assert.equal(await users(project), before)
  const enrolled = await project.run(['user', 'totp', 'enrol', 'first', '--no-confirm'])
  assert.equal(enrolled.code, 0)
  assert.match(enrolled.out, /first is enrolled\.\n$/)
  assert.notEqual(await users(project), before)
  const removed = await project.run(['user', 'totp', 'remove', 'first'])
  assert.equal(removed.code, 0)
  assert.match(removed.err, /every chain of first asks for a code/)
})

test('mistakes: one message with its remedy, exit code 1, nothing changed', async (t) => {
  const project = await createReadyProject(t)
  const before = await users(project)
  const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  const cases: readonly (readonly [readonly string[], RegExp, string?])[] = [
    [['user', 'show', 'nobody'], /There is no user "nobody"\.\n {2}See `sallyport user list`/],
    [['user', 'passwd', 'nobody', '--stdin'], /There is no user "nobody"/, PASSWORD],
    [
      ['user', 'passwd', 'first', '--stdin'],
      /at least 8 characters; nothing was changed\.\n {2}Choose/,
      'short',
    ],
    [['user', 'passwd', 'first'], /no terminal to ask/],
    [['user', 'add', 'first', '--stdin'], /already a user "first"/, PASSWORD],
    [
      ['user', 'add', 'eve', '--stdin', '--factors', 'totp'],
      /left as it is:\nusers\.eve\.factors\[0\]: .*\n {2}Correct the command/,
    ],
    [['user', 'key', 'add', 'first', 'absent.pub'], /absent\.pub does not exist\.\n {2}Correct the path/],
    [['user', 'key', 'add', 'first', '-'], /holds a private key/, String(privateKey)],
    [
      ['user', 'key', 'add', 'first', '-'],
      /^-:2 is no SSH public key\.\n.*\.pub\.\n$/,
      '# mine\nnonsense\n'.repeat(9),
    ],
    [['user', 'key', 'add', 'first', '-'], /users\.first\.keys\[0\]: /, 'ssh-ed25519 AAAAnonsense'],
    [['user', 'rm', 'first'], /no terminal to ask .*\n.*--yes/],
  ]
  for (const [args, message, stdin] of cases) {
    const { code, err } = await project.run(args, stdin)
    assert.match(err, message)
    assert.equal(code, 1, args.join(' '))
    assert.doesNotMatch(err, /\n {4}at /)
  }
  assert.equal(await users(project), before)
})

test('what is wrong with a new user is told before the password is asked for', async (t) => {
  const project = await createReadyProject(t)
  const before = await users(project)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['a b'], /^"a b": expected a name of 1 to 64 letters/],
    [['eve', '--allow', '192.0.2.0/33'], /^allow\[0\]: expected an address .*, found "192\.0\.2\.0\/33"$/m],
    [['eve', '--permissions', 'all'], /^permissions: expected full, read-only/],
    [['eve', '--permissions', 'read,wirte'], /^permissions\[1\]: expected list, read, .*, found "wirte"$/m],
    [['eve', '--expires', '2027-02-31'], /^expires: expected a date such as/],
  ]
  const twice = await project.run(['user', 'add', 'eve', '--key', '-', '--stdin'], 'ssh-ed25519 AAAA')
  assert.match(twice.err, /^Standard input is wanted twice/)
  assert.equal(twice.code, 2)
  for (const [args, message] of cases) {
    const { code, err } = await project.run(['user', 'add', ...args])
    assert.match(err, message)
    assert.match(err, /\n {2}`sallyport user add --help`/)
    assert.equal(code, 2, args.join(' '))
  }
  assert.equal(await users(project), before)
})

test('a user can be mended although the file does not load', async (t) => {
  const project = await createReadyProject(t)
  const text = (await users(project)).replace(
    /password: \$argon2id\S+/,
    'password: $1$abc$0123456789012345678901',
  )
  await writeFile(join(project.dir, 'config/users.yaml'), text)
  const checked = await project.run(['check'])
  assert.equal(checked.code, 1)
  assert.match(checked.err, /config\/users\.yaml:\d+:\d+ .*too weak.*sallyport user passwd/)
  assert.equal((await project.run(['user', 'passwd', 'first', '--stdin'], PASSWORD)).code, 0)
  assert.equal((await project.run(['check'])).code, 0)
})

test('explain knows what a door can carry: who has a key alone does not get in by FTP', async (t) => {
  const project = await createReadyProject(t)
  const added = await project.run(['user', 'add', 'bot', '--key', '-'], publicKeyLine('laptop'))
  assert.equal(added.code, 0, added.err)
  const ask = (...more: readonly string[]) =>
    project.run(['explain', '--user', 'bot', '--from', '192.0.2.7', ...more])
  const open = await ask('--door', 'sftp')
  assert.deepEqual([open.code, open.out.includes('asks for the factors: publickey.')], [0, true])
  assert.equal((await ask('--door', 'sftp', '--factors', 'publickey')).code, 0)
  for (const more of [[], ['--factors', 'publickey'], ['--factors', 'password']]) {
    const { code, out } = await ask('--door', 'ftps', '--json', ...more)
    const answer = JSON.parse(out)
    assert.deepEqual(
      [code, answer.allow, answer.reason, answer.listener],
      [1, false, 'factor-not-in-chain', 'ftp'],
    )
    assert.match(answer.trail.at(-1).why, /^None of publickey can be proven by ftps on listener ftp\.$/)
  }
  const clear = await ask('--door', 'ftp', '--json')
  assert.equal(JSON.parse(clear.out).reason, 'encryption-required')
})

test('of an anonymous user it is said that a login takes nothing', async (t) => {
  const project = await createReadyProject(t)
  const record = '  anonymous: { anonymous: true, permissions: read-only }\n'
  await writeFile(join(project.dir, 'config/users.yaml'), `users:\n${record}`)
  assert.match((await project.run(['user', 'list'])).out, /^anonymous +active +nothing /m)
  assert.match((await project.run(['user', 'show', 'anonymous'])).out, /^logs in with +nothing$/m)
})
