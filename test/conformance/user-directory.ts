import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { User, UserId } from '../../src/core/identity.ts'
import type { UserDirectory } from '../../src/core/ports.ts'

/** One directory under test, and a way to change it as an operator would. `put` ends when the change is in force. */
export type DirectoryUnderTest = Readonly<{
  users: UserDirectory
  put(name: string, passwordHash: string): Promise<void>
  remove(name: string): Promise<void>
}>

/** Two hashes that the directory takes. */
export type Hashes = Readonly<{ first: string; second: string }>

async function found(users: UserDirectory, name: string): Promise<User> {
  const user = await users.find(name)
  assert.ok(user !== undefined, name)
  return user
}

/** What every user directory must do. `open` gives one with no users; the test context closes what it opened. */
export function testUserDirectory(
  driver: string,
  hashes: Hashes,
  open: (t: TestContext) => Promise<DirectoryUnderTest>,
): void {
  test(`${driver}: an unknown name is undefined, whatever the name`, async (t) => {
    const { users } = await open(t)
    const names = ['nobody', '', '__proto__', 'constructor', 'a/b', '\0', 'x'.repeat(10_000)]
    for (const name of names) assert.equal(await users.find(name), undefined)
    assert.deepEqual(await users.list(), [])
  })

  test(`${driver}: names are matched exactly`, async (t) => {
    const { users, put } = await open(t)
    await put('alice', hashes.first)
    const alice = await found(users, 'alice')
    assert.equal(alice.name, 'alice')
    assert.equal(alice.credentials.passwordHash, hashes.first)
    for (const name of ['Alice', 'alice ', ' alice', 'alic']) assert.equal(await users.find(name), undefined)
    assert.deepEqual(
      (await users.list()).map((user) => user.name),
      ['alice'],
    )
  })

  test(`${driver}: no user is without a chain, no chain is empty`, async (t) => {
    const { users, put } = await open(t)
    await put('alice', hashes.first)
    for (const user of await users.list()) {
      assert.ok(user.chains.length > 0)
      assert.ok(user.chains.every((chain) => chain.length > 0))
    }
  })

  test(`${driver}: a hash is replaced only if it still is the old one`, async (t) => {
    const { users, put } = await open(t)
    await put('alice', hashes.first)
    const { id } = await found(users, 'alice')
    assert.equal(await users.replacePasswordHash(id, 'another', hashes.second), false)
    assert.equal((await found(users, 'alice')).credentials.passwordHash, hashes.first)
    assert.equal(await users.replacePasswordHash(id, hashes.first, hashes.second), true)
    assert.equal((await found(users, 'alice')).credentials.passwordHash, hashes.second)
  })

  test(`${driver}: replacing a hash of somebody who is gone changes nothing and does not throw`, async (t) => {
    const { users, put, remove } = await open(t)
    await put('alice', hashes.first)
    const { id } = await found(users, 'alice')
    await remove('alice')
    assert.equal(await users.replacePasswordHash(id, hashes.first, hashes.second), false)
    assert.equal(await users.find('alice'), undefined)
  })

  test(`${driver}: listeners hear the ids that changed or vanished, and no more after unsubscribing`, async (t) => {
    const { users, put, remove } = await open(t)
    await put('alice', hashes.first)
    await put('bob', hashes.first)
    const heard: UserId[][] = []
    const stop = users.onChange((changed) => heard.push([...changed]))
    const { id } = await found(users, 'alice')
    await put('alice', hashes.second)
    await remove('alice')
    stop()
    await put('alice', hashes.first)
    assert.deepEqual(heard, [[id], [id]])
  })

  test(`${driver}: what was given out does not change under its holder`, async (t) => {
    const { users, put } = await open(t)
    await put('alice', hashes.first)
    const before = await found(users, 'alice')
    await put('alice', hashes.second)
    assert.equal(before.credentials.passwordHash, hashes.first)
  })

  test(`${driver}: closing twice is fine`, async (t) => {
    const { users } = await open(t)
    await users.close()
    await users.close()
  })
}
