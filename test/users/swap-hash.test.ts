import assert from 'node:assert/strict'
import { chmodSync, chownSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { createUserEditor } from '../../src/users/editor.ts'
import { readUsers } from '../../src/users/read.ts'
import { swapHash } from '../../src/users/swap-hash.ts'
import { openUsers, usersFile } from './helpers.ts'
import { HASHES } from './samples.ts'

const { sha512: OLD, argon2: NEW } = HASHES

test('a hash on a line of its own is swapped, all else left as it is', () => {
  for (const quote of ['', '"', "'"]) {
    for (const end of ['', '\n', ' # note\n', '\r\n    enabled: true\r\n']) {
      const text = (hash: string) => `users:\n  a:\n    home: x\n    password:  ${quote}${hash}${quote}${end}`
      assert.equal(swapHash(text(OLD), OLD, NEW), text(NEW))
    }
  }
})

test('where it is not that simple, nothing is swapped', () => {
  for (const text of [
    'users: {}\n',
    `users:\n  a: { password: ${OLD} }\n`,
    `users:\n  a:\n    password: ${OLD}\n  b:\n    password: ${OLD}\n`,
    `users:\n  a:\n    # password: ${OLD}\n`,
    `users:\n  a:\n    password: &same ${OLD}\n`,
    `users:\n  a:\n    home: ${OLD}\n`,
    `users:\n  a:\n    password: "${OLD}\n`,
    `users:\n  a:\n    password: ${OLD}x\n`,
  ]) {
    assert.equal(swapHash(text, OLD, NEW), undefined, text)
  }
  assert.equal(swapHash(`users:\n  a:\n    password: ${OLD}\n`, OLD, 'plain'), undefined)
})

test('a new hash is in force at once, in the file and for listeners, short way or long', async (t) => {
  for (const record of [`\n    password: ${OLD} # old server`, ` { password: '${OLD}' } # old server`]) {
    const { users, settings, text } = await openUsers(t, `users:\n  bob: {}\n  alice:${record}\n`)
    const heard: unknown[] = []
    users.onChange((changed) => heard.push(changed))
    const alice = await users.find('alice')
    assert.ok(alice)
    assert.equal(await users.replacePasswordHash(alice.id, OLD, NEW), true)
    assert.equal((await users.find('alice'))?.credentials.passwordHash, NEW)
    assert.deepEqual(heard, [['alice']])
    assert.match(text(), /# old server/)
    const read = await readUsers(settings.file, settings)
    assert.equal(read.ok && read.set.users.get('alice')?.credentials.passwordHash, NEW)
    assert.equal(await users.reload(), true)
    assert.deepEqual(heard, [['alice']], 'a reload finds nothing new')
  }
})

test('an edit that was not read yet survives the swap', async (t) => {
  const { users, settings, write } = await openUsers(t, `users:\n  alice:\n    password: ${OLD}\n`)
  const alice = await users.find('alice')
  assert.ok(alice)
  write(`users:\n  alice:\n    password: ${OLD}\n    enabled: false\n`)
  await users.replacePasswordHash(alice.id, OLD, NEW)
  const read = await readUsers(settings.file, settings)
  assert.ok(read.ok)
  assert.equal(read.set.users.get('alice')?.credentials.passwordHash, NEW)
  assert.equal((await users.find('alice'))?.enabled, false)
})

test('a private file may be of a group to whom the account can give none', async (t) => {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  if (uid !== 0) return t.skip('only root can make such a file')
  const source = usersFile(t, 'users: {}\n')
  chownSync(source.file, uid, gid + 1)
  assert.ok((await createUserEditor(source.settings).addUser('new', {})).ok)
  assert.equal(statSync(source.file).gid, gid, 'its group was not asked for')
  chmodSync(source.file, 0o640)
  chownSync(source.file, uid, gid + 1)
  assert.ok((await createUserEditor(source.settings).addUser('newer', {})).ok)
  assert.equal(statSync(source.file).gid, gid + 1, 'a group that reads it goes on to')
})

test('a file that its group alone may read stays so; one that all may read becomes private', async (t) => {
  const source = usersFile(t, 'users: {}\n')
  const editor = createUserEditor(source.settings)
  for (const [before, after] of [
    [0o640, 0o640],
    [0o644, 0o600],
    [0o600, 0o600],
  ] as const) {
    chmodSync(source.file, before)
    assert.ok((await editor.addUser(`user${before}`, {})).ok)
    assert.equal(statSync(source.file).mode & 0o777, after)
  }
})
