import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { test } from 'node:test'
import { toOperatorError } from '../../src/cli/failure.ts'

const refused = (code: string, syscall: string, path?: string) =>
  toOperatorError(Object.assign(new Error('no'), { code, syscall, ...(path !== undefined && { path }) }))

test('what an account may not use is told with its name, as a line for a shell of somebody else', () => {
  const { username } = userInfo()
  for (const code of ['EACCES', 'EPERM']) {
    const error = refused(code, 'open', "/srv/it's mine/state.db")
    assert.match(error?.message ?? '', new RegExp(`may not be used by ${username}, `))
    assert.ok(
      error?.remedy.includes(`\`sudo chown ${username} '/srv/it'\\''s mine/state.db'\``),
      error?.remedy,
    )
  }
})

test('a folder that cannot be made is made by a line that gives away no other', () => {
  const error = refused('EACCES', 'mkdir', '/srv/data')
  assert.ok(error?.remedy.includes(`\`sudo install -d -m 0700 -o ${userInfo().username} /srv/data\``))
  assert.doesNotMatch(error?.remedy ?? 'chown', /chown/)
})
