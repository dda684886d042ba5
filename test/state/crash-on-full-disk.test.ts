// A user has filled the disk, and the server was killed: it starts again, with the room that its file and log have.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { asSessionId, asUserId } from '../../src/core/identity.ts'
import { createSqliteStateStore } from '../../src/state/sqlite.ts'

/** More than the log has room for. */
const SESSIONS = 100

/** In a process that is killed, so that nothing is closed. */
const CRASHING = `
  const { createSqliteStateStore } = await import(process.argv[1])
  const store = createSqliteStateStore({ file: process.argv[2], instance: 'run-1' })
  for (let n = 0; n < ${SESSIONS}; n += 1) {
    await store.openSession('user' + n, 'session' + n, 0)
    await store.initQuotaUsage({ user: 'user' + n, folders: '/home/user' + n }, { bytes: 7, files: 1 })
  }
  process.kill(process.pid, 'SIGKILL')`

test('after a crash on a full disk the state opens, and what the crash left is cleared', async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'sallyport-full-'))
  t.after(() => rmSync(disk, { recursive: true }))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]).status !== 0)
    return t.skip('a small tmpfs cannot be mounted here')
  try {
    const file = join(disk, 'state.db')
    const module = new URL('../../src/state/sqlite.ts', import.meta.url).href
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', CRASHING, module, file])
    assert.equal(run.signal, 'SIGKILL', String(run.stderr))
    assert.throws(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(2 ** 24)), { code: 'ENOSPC' })

    const store = createSqliteStateStore({ file, instance: 'run-2' })
    const user = asUserId('user0')
    assert.equal(await store.countSessions(user), 0)
    assert.equal(await store.quotaUsage({ user, folders: '/home/user0' }), undefined)
    assert.equal(await store.openSession(user, asSessionId('new'), 1), true)
    await store.close()
  } finally {
    spawnSync('umount', ['-l', disk])
  }
})
