import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUsers } from '../../src/users/read.ts'
import { usersFile } from './helpers.ts'
import { HASHES } from './samples.ts'

const GOOD = '{ anonymous: true, doors: [ftp, ftps], permissions: read-only }'

test('an anonymous user loads without a warning', async (t) => {
  const { file, settings } = usersFile(t, `users:\n  anonymous: ${GOOD}\n`)
  const result = await readUsers(file, settings)
  assert.ok(result.ok, JSON.stringify(result))
  assert.deepEqual(result.set.warnings, [])
  assert.equal(result.set.users.get('anonymous')?.anonymous, true)
})

test('whatever would promise a check or allow a change is refused', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['guest: { anonymous: true, permissions: read-only }', 'only the user anonymous can be anonymous'],
    ['anonymous: { anonymous: true }', 'may list and read only'],
    ['anonymous: { anonymous: true, permissions: [list, create] }', 'may list and read only'],
    [
      'anonymous: { anonymous: true, permissions: read-only, mounts: [{ at: /in, path: in, permissions: upload-only }] }',
      'may list and read only',
    ],
    [
      `anonymous: { anonymous: true, permissions: read-only, password: '${HASHES.argon2}' }`,
      'proves nothing',
    ],
    ['anonymous: { anonymous: true, permissions: read-only, factors: [[password]] }', 'proves nothing'],
    [
      'anonymous: { anonymous: true, permissions: read-only, sunset: { plaintextUntil: 2030-01-01, owner: o, reason: r } }',
      'proves nothing',
    ],
  ]
  for (const [text, message] of rows) {
    const { file, settings } = usersFile(t, `users:\n  ${text}\n`)
    const result = await readUsers(file, settings)
    assert.ok(!result.ok, text)
    assert.match(result.problems.map((problem) => problem.message).join('\n'), new RegExp(message), text)
  }
})
