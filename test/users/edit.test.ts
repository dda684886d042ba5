import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { emptyUsersFile } from '../../src/users/edit.ts'
import { createUserEditor } from '../../src/users/editor.ts'
import { readUsers } from '../../src/users/read.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { usersFile } from './helpers.ts'
import { HASHES, KEYS } from './samples.ts'

const FILE = `# the partners of 2030
users:
  # first partner
  alice:
    password: '${HASHES.sha512}' # taken over
    keys:
      - ${KEYS.ed25519.line} # laptop
      - ${KEYS.ecdsab256.line}
    enabled: false # on leave

  bob:
    home: shared # with carol
`

test('every typed edit, comments and order kept', async (t) => {
  const source = usersFile(t, FILE)
  const editor = createUserEditor(source.settings)
  const ok = { ok: true }
  assert.deepEqual(await editor.setPassword('alice', HASHES.argon2), ok)
  assert.deepEqual(await editor.setEnabled('alice', true), ok)
  assert.deepEqual(await editor.removeKey('alice', KEYS.ecdsab256.fingerprint), ok)
  assert.deepEqual(await editor.addKey('alice', `${KEYS.rsab3072.line}\n`), ok)
  assert.deepEqual(await editor.addKey('bob', KEYS.ed25519.line), ok)
  const sunset = { plaintextUntil: '2030-06-30', owner: 'ops', reason: 'old scanner' }
  assert.deepEqual(await editor.setSunset('bob', sunset), ok)
  assert.deepEqual(await editor.addUser('carol', { password: HASHES.argon2, doors: ['sftp'] }), ok)
  assert.equal(
    source.text(),
    `# the partners of 2030
users:
  # first partner
  alice:
    password: '${HASHES.argon2}' # taken over
    keys:
      - ${KEYS.ed25519.line} # laptop
      - ${KEYS.rsab3072.line}
    enabled: true # on leave

  bob:
    home: shared # with carol
    keys:
      - ${KEYS.ed25519.line}
    sunset:
      plaintextUntil: 2030-06-30
      owner: ops
      reason: old scanner
  carol:
    password: ${HASHES.argon2}
    doors:
      - sftp
`,
  )
  assert.equal(statSync(source.file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(source.dir), ['users.yaml'])
  assert.deepEqual(await editor.setSunset('bob', undefined), ok)
  assert.deepEqual(await editor.removeKey('bob', KEYS.ed25519.fingerprint), ok)
  assert.deepEqual(await editor.removeUser('alice'), ok)
  assert.doesNotMatch(source.text(), /alice|sunset/)
  assert.match(source.text(), /# with carol/)
})

test('a one-time-code secret goes in encrypted and comes out whole', async (t) => {
  const source = usersFile(t, FILE)
  const editor = createUserEditor(source.settings)
  const credential = {
    secret: Buffer.from('12345678901234567890'),
    algorithm: 'sha256',
    digits: 8,
    periodSeconds: 60,
  } as const
  assert.ok((await editor.setTotp('alice', credential)).ok)
  assert.ok((await editor.addUser('dora', { password: HASHES.argon2, totp: credential })).ok)
  assert.doesNotMatch(source.text(), /12345678901234567890|MTIzNDU2Nzg5/)
  const read = await readUsers(source.file, source.settings)
  assert.ok(read.ok)
  assert.deepEqual(read.set.users.get('alice')?.credentials.totp, credential)
  assert.deepEqual(read.set.users.get('dora')?.credentials.totp, credential)
  assert.ok((await editor.removeTotp('alice')).ok)
  assert.equal((source.text().match(/enc:v1:/g) ?? []).length, 1)
})

test('edits that do not apply say why and leave the file alone', async (t) => {
  const source = usersFile(t, FILE)
  const editor = createUserEditor(source.settings)
  const reason = async (edit: Promise<{ ok: boolean; reason?: string }>) => (await edit).reason
  assert.equal(await reason(editor.setEnabled('nobody', true)), 'unknown-user')
  assert.equal(await reason(editor.addUser('bob', {})), 'user-exists')
  assert.equal(await reason(editor.removeKey('alice', 'SHA256:none')), 'unknown-key')
  assert.equal(await reason(editor.removeKey('bob', 'SHA256:none')), 'unknown-key')
  assert.equal(await reason(editor.replacePassword('alice', 'other', HASHES.argon2)), 'stale-hash')
  for (const edit of [
    editor.setPassword('alice', 'plain'),
    editor.addKey('bob', 'no key'),
    editor.addKey('alice', KEYS.ed25519.line),
    editor.addUser('bad name', {}),
    editor.addUser('../x', {}),
    editor.setSunset('bob', { plaintextUntil: 'soon', owner: 'a', reason: 'b' }),
  ]) {
    const result = await edit
    assert.ok(!result.ok)
    assert.equal(result.reason, 'invalid')
    assert.equal(result.problems.length, 1)
  }
  assert.equal(source.text(), FILE)
})

test('trouble elsewhere in the file does not stand in the way; broken YAML does', async (t) => {
  const source = usersFile(t, `${FILE}  eve:\n    password: plain\n`)
  const editor = createUserEditor(source.settings)
  assert.ok((await editor.setEnabled('bob', false)).ok)
  assert.ok((await editor.removeUser('eve')).ok)
  assert.ok((await readUsers(source.file, source.settings)).ok)
  source.write('users: {')
  const result = await editor.addUser('x', {})
  assert.ok(!result.ok)
  assert.equal(result.reason, 'broken-file')
})

test('a file that is not UTF-8 is neither read nor rewritten', async (t) => {
  const source = usersFile(t, FILE)
  const bytes = Buffer.from(FILE.replace('partners', 'Gesch\u00e4ftspartner'), 'latin1')
  writeFileSync(source.file, bytes)
  const read = await readUsers(source.file, source.settings)
  assert.ok(!read.ok)
  assert.match(read.problems[0]?.message ?? '', /not UTF-8/)
  const edited = createUserEditor(source.settings).setEnabled('bob', false)
  await assert.rejects(edited, { code: 'storage.failed', message: /is not UTF-8/ })
  assert.deepEqual(readFileSync(source.file), bytes)
})

test('the first user goes into an empty or absent file', async (t) => {
  for (const text of [emptyUsersFile(), '', 'users:\n', '# note\n']) {
    const source = usersFile(t, text)
    assert.ok((await createUserEditor(source.settings).addUser('a', { home: 'x' })).ok)
    assert.match(source.text(), /^users:\n {2}a:\n {4}home: x\n$/m)
    if (text.startsWith('#')) assert.match(source.text(), /^# /)
  }
  const { dir, settings } = usersFile(t, '')
  const file = join(dir, 'new.yaml')
  assert.ok((await createUserEditor({ ...settings, file }).addUser('a', {})).ok)
  assert.match(JSON.stringify(await readUsers(file, settings)), /"ok":true/)
})

test('two processes lose no edit, and no comment', async (t) => {
  const source = usersFile(t, FILE)
  const script = fileURLToPath(new URL('edit-many.ts', import.meta.url))
  const run = (prefix: string) => promisify(execFile)(process.execPath, [script, source.file, prefix, '25'])
  await Promise.all([run('x'), run('y')])
  const read = await readUsers(source.file, source.settings)
  assert.ok(read.ok)
  assert.equal(read.set.users.size, 52)
  for (const comment of FILE.matchAll(/#.*/g)) assert.ok(source.text().includes(comment[0]))
  assert.deepEqual(readdirSync(source.dir), ['users.yaml'])
})

test('a process that is killed while it edits leaves a whole file and no lock that holds', async (t) => {
  const source = usersFile(t, FILE)
  const script = fileURLToPath(new URL('edit-many.ts', import.meta.url))
  for (const prefix of ['k', 'l', 'm']) {
    const child = execFile(process.execPath, [script, source.file, prefix, '100000'])
    child.stdout?.once('data', () => child.kill('SIGKILL'))
    await new Promise((resolve) => child.once('close', resolve))
    assert.ok((await readUsers(source.file, source.settings)).ok)
    assert.ok((await createUserEditor(source.settings).addUser(`after-${prefix}`, {})).ok)
  }
  const read = await readUsers(source.file, source.settings)
  assert.ok(read.ok)
  for (const name of ['alice', 'after-k', 'after-l', 'after-m']) assert.ok(read.set.users.has(name))
})

test('edits at once in one process wait for each other', async (t) => {
  const source = usersFile(t, FILE)
  const editor = createUserEditor(source.settings)
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, index) => editor.addUser(`user${index}`, {})),
  )
  assert.ok(results.every((result) => result.ok))
  const read = await readUsers(source.file, source.settings)
  assert.equal(read.ok && read.set.users.size, 10)
})

test('a lock of a dead process, or one left long ago, is broken', async (t) => {
  const source = usersFile(t, FILE)
  const editor = createUserEditor(source.settings)
  const dead = await new Promise<number>((resolve) => {
    const child = execFile(process.execPath, ['-e', ''], () => resolve(child.pid ?? 0))
  })
  for (const owner of [`${dead} token ${Date.now()}`, `${process.pid} token ${Date.now() - 60_000}`, '']) {
    writeFileSync(`${source.file}.lock`, owner)
    assert.ok((await editor.setEnabled('bob', false)).ok, owner)
    assert.ok(!existsSync(`${source.file}.lock`))
  }
})

test('an edit that a folder refuses names the folder, not a file that nobody knows', async (t) => {
  const source = usersFile(t, FILE)
  const editor = createUserEditor({ ...source.settings, file: join(source.file, 'users.yaml') })
  await assert.rejects(editor.setEnabled('alice', true), (error: Error) => {
    assert.match(error.message, /^cannot edit .* \(ENOTDIR\)$/)
    assert.equal((error.cause as { path?: string }).path, source.file)
    return true
  })
})

test('a lock that is held is waited for, not for ever', async (t) => {
  const source = usersFile(t, FILE)
  const clock = createFakeClock()
  const editor = createUserEditor({ ...source.settings, clock })
  const holder = setInterval(() => {
    writeFileSync(`${source.file}.lock`, `${process.pid} token ${clock.now()}`)
    void clock.advance(1000)
  }, 1)
  t.after(() => clearInterval(holder))
  writeFileSync(`${source.file}.lock`, `${process.pid} token ${clock.now()}`)
  await assert.rejects(editor.setEnabled('bob', false), { code: 'storage.busy' })
  assert.equal(source.text(), FILE)
})

test('a file behind a symbolic link is replaced, not the link', async (t) => {
  const source = usersFile(t, FILE)
  const link = join(source.dir, 'link.yaml')
  symlinkSync('users.yaml', link)
  assert.ok((await createUserEditor({ ...source.settings, file: link }).setEnabled('bob', false)).ok)
  assert.match(source.text(), /enabled: false\n$/)
})

test('a disk that refuses is storage.failed', async (t) => {
  const { dir, settings } = usersFile(t, FILE)
  const editor = createUserEditor({ ...settings, file: join(dir, 'no-such-folder', 'users.yaml') })
  await assert.rejects(editor.addUser('a', {}), { code: 'storage.failed' })
})

test('a full disk refuses an edit, and nothing of it is left behind', async (t) => {
  const { dir, settings } = usersFile(t, FILE)
  const disk = join(dir, 'disk')
  mkdirSync(disk)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status !== 0)
    return t.skip('a small tmpfs cannot be mounted here')
  try {
    writeFileSync(join(disk, 'users.yaml'), FILE)
    assert.throws(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(2 ** 21)), { code: 'ENOSPC' })
    const editor = createUserEditor({ ...settings, file: join(disk, 'users.yaml') })
    await assert.rejects(editor.setEnabled('bob', false), { code: 'storage.failed' })
    assert.deepEqual(readdirSync(disk).sort(), ['filler', 'users.yaml'])
  } finally {
    spawnSync('umount', ['-l', disk])
  }
})
