import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readUsers } from '../../src/users/read.ts'
import { usersFile } from './helpers.ts'

test('the example in docs/configuration.md loads without a complaint', async (t) => {
  const docs = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  const example = docs.match(/```yaml\n(users:\n.*?)```/s)?.[1]
  assert.ok(example !== undefined)
  const { file, settings } = usersFile(t, example)
  const result = await readUsers(file, settings)
  assert.ok(result.ok, JSON.stringify(result))
  assert.deepEqual(result.set.warnings, [])
  assert.equal(result.set.users.size, 4)
})
