import assert from 'node:assert/strict'
import fs, { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import type { UserId } from '../../src/core/identity.ts'
import type { UserDirectory } from '../../src/core/ports.ts'
import { openYamlUsers } from '../../src/users/yaml.ts'
import { createFakeClock, settle } from '../helpers/fake-clock.ts'
import { eventually } from '../helpers/fixture.ts'
import { openUsers, recordingLogger, usersFile } from './helpers.ts'
import { HASHES } from './samples.ts'

const FILE = `users:
  alice: { password: '${HASHES.argon2}' }
  bob: { password: '${HASHES.argon2}' }
`

/** The next change that the directory tells of. */
function nextChange(users: UserDirectory): Promise<readonly UserId[]> {
  return new Promise((resolve) => {
    const stop = users.onChange((changed) => {
      stop()
      resolve(changed)
    })
  })
}

/** The watch is the file system's: it tells nobody when it would have been too late. */
const patience = { timeout: 20_000 }

test('an edit in place is taken over, with the changed ids only', patience, async (t) => {
  const { users, write } = await openUsers(t, FILE)
  const change = nextChange(users)
  write(FILE.replace('bob: {', 'bob: { enabled: false,'))
  assert.deepEqual(await change, ['bob'])
  assert.equal((await users.find('bob'))?.enabled, false)
})

test('a file put in place by rename is taken over, again and again', patience, async (t) => {
  const { dir, file, users } = await openUsers(t, FILE)
  for (const home of ['one', 'two', 'three']) {
    const change = nextChange(users)
    const next = join(dir, 'next')
    writeFileSync(next, FILE.replace('alice: {', `alice: { home: ${home},`))
    renameSync(next, file)
    assert.deepEqual(await change, ['alice'])
    assert.equal((await users.find('alice'))?.mounts[0]?.location, `/srv/home/${home}`)
  }
})

test('a change that the system tells nothing of is found all the same', patience, async (t) => {
  const { dir, file, settings } = usersFile(t, FILE)
  const fake = createFakeClock()
  const opened = await openYamlUsers({ ...settings, clock: fake, logger: recordingLogger() })
  assert.ok(opened.ok)
  t.after(() => opened.users.close())
  // The watch stays with the old folder, as it does on a network file system where others write.
  const old = `${dir}-old`
  renameSync(dir, old)
  t.after(() => rmSync(old, { recursive: true }))
  mkdirSync(dir)
  for (const enabled of [false, true]) {
    const change = nextChange(opened.users)
    writeFileSync(file, FILE.replace('bob: {', `bob: { enabled: ${enabled},`))
    await fake.advance(5000)
    assert.deepEqual(await change, ['bob'])
    assert.equal((await opened.users.find('bob'))?.enabled, enabled)
  }
})

test('a file that vanished for a moment is found again', patience, async (t) => {
  const { file, users, write } = await openUsers(t, FILE)
  rmSync(file)
  assert.equal(await users.reload(), false)
  assert.equal((await users.list()).length, 2)
  const change = nextChange(users)
  write(`${FILE}  carol: {}\n`)
  assert.deepEqual(await change, ['carol'])
})

test('a change that could not be read is said once, and found as soon as it can', patience, async (t) => {
  const { settings, write } = usersFile(t, FILE)
  const fake = createFakeClock()
  const logger = recordingLogger()
  const opened = await openYamlUsers({ ...settings, clock: fake, logger })
  assert.ok(opened.ok)
  const { users } = opened
  t.after(() => users.close())
  const refused = async () => {
    throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
  }
  const failing = t.mock.method(fs.promises, 'readFile', refused)
  syncBuiltinESMExports()
  t.after(syncBuiltinESMExports)
  write(FILE.replace('bob: {', 'bob: { enabled: false,'))
  const said = () =>
    logger.lines.filter(({ message }) => message.includes('the users stay as they were')).length
  for (const expected of [1, 1]) {
    const before = failing.mock.callCount()
    await fake.advance(5000)
    await eventually(async () => failing.mock.callCount() > before || undefined, 'another try')
    await settle()
    assert.equal(said(), expected)
  }
  assert.equal(await users.reload(), false)
  assert.equal(said(), 2)
  failing.mock.restore()
  syncBuiltinESMExports()
  const change = nextChange(users)
  await fake.advance(5000)
  assert.deepEqual(await change, ['bob'])
  assert.equal((await users.find('bob'))?.enabled, false)
})

test('a bad file is logged whole and changes nothing; a mended one counts', async (t) => {
  const { users, write, logger } = await openUsers(t, FILE)
  write('users:\n  alice: { pasword: x, enabled: 7 }\n')
  assert.equal(await users.reload(), false)
  assert.equal((await users.list()).length, 2)
  const errors = logger.lines.filter((line) => line.level === 'error').map((line) => line.message)
  assert.equal(errors.filter((line) => /users\.yaml:2:\d+/.test(line)).length, 2)
  assert.match(errors.at(-1) ?? '', /the users stay as they were/)
  write('users:\n  alice: {}\n')
  assert.equal(await users.reload(), true)
  assert.equal((await users.list()).length, 1)
})

test('comments and order are no change', async (t) => {
  const { users, write } = await openUsers(t, FILE)
  const heard: unknown[] = []
  users.onChange((changed) => heard.push(changed))
  const [head, alice, bob] = FILE.split('\n')
  write(`${head}\n${bob} # second\n${alice}\n`)
  assert.equal(await users.reload(), true)
  assert.deepEqual(heard, [])
})

test('a bad file at the start gives its problems and no directory', async (t) => {
  const { settings } = usersFile(t, 'users:\n  alice: { password: plain }\n')
  const opened = await openYamlUsers({ ...settings, logger: recordingLogger() })
  assert.ok(!opened.ok)
  assert.equal(opened.problems.length, 1)
})

test('a hash that cannot be stored is logged, not thrown', async (t) => {
  const { dir, users, logger } = await openUsers(t, FILE)
  const alice = await users.find('alice')
  assert.ok(alice)
  rmSync(dir, { recursive: true })
  await users.replacePasswordHash(alice.id, HASHES.argon2, HASHES.sha512)
  assert.match(logger.lines.at(-1)?.message ?? '', /the new password hash was not stored/)
})
