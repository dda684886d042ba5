import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startFixture } from '../helpers/fixture.ts'
import { createCrowd, HELD_DOORS } from '../helpers/many-sessions.ts'

/** Per door; bench/many-sessions.ts does it with thousands. */
const SESSIONS = 200
/** Ten times what it is: a leak of buffers shows, a slow collector does not. */
const MOST_KIB = 400

test('hundreds of idle sessions are held on both doors, and others still get in', async () => {
  const caps = ['max', 'perAddress', 'unauthenticated', 'unauthenticatedPerAddress']
  const args = ['--bench', '--open', ...caps.flatMap((cap) => ['--set', `connections.${cap}=0`])]
  const fixture = await startFixture({ args })
  const kib = async () =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${fixture.info.pid}/status`, 'utf8'))?.[1])
  const crowd = createCrowd(fixture.info, fixture.user('main'))
  const before = await kib()
  const held = []
  for (const door of HELD_DOORS) held.push(await crowd.open(door, SESSIONS))
  for (const door of HELD_DOORS) await crowd.login(door)
  const each = ((await kib()) - before) / (SESSIONS * HELD_DOORS.length)
  assert.ok(each > 0 && each < MOST_KIB, `${each} KiB of a session`)
  for (const sessions of held) {
    assert.equal(sessions.count, SESSIONS)
    sessions.close()
  }
  await fixture.stop()
})
