import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { FileServerError } from '../../src/core/errors.ts'
import { asSessionId, asUserId } from '../../src/core/identity.ts'
import type { StateStore } from '../../src/core/ports.ts'
import { createSqliteStateStore } from '../../src/state/sqlite.ts'
import { createFailures } from '../../src/state/sqlite-failures.ts'
import { openDatabase } from '../../src/state/sqlite-open.ts'
import { stateStoreConformance } from '../conformance/state-store.ts'

const ALICE = asUserId('alice')
const NO_LIMIT = { bytes: 0, files: 0 }
const ACCOUNT = { user: ALICE, folders: '/home/alice' }
const RULE = { after: 2, windowMs: 1000, lockMs: 5000 }

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-state-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'state.db')
}

function open(t: TestContext, file: string, instance: string | undefined = 'run-1'): StateStore {
  const store = createSqliteStateStore({ file, instance })
  t.after(() => store.close())
  return store
}

stateStoreConformance('sqlite', async (t) => open(t, temporaryFile(t)))

test('locks, consumed codes and quotas survive a restart; sessions of the old run do not', async (t) => {
  const file = temporaryFile(t)
  const before = open(t, file, 'run-1')
  const BOB = asUserId('bob')
  await before.recordFailure('user:x', 1000, RULE)
  await before.recordFailure('user:x', 1000, RULE)
  await before.consumeTotpStep(ALICE, 50)
  await before.openSession(BOB, asSessionId('old'), 1)
  await before.initQuotaUsage(ACCOUNT, { bytes: 7, files: 1 })
  await before.close()

  const after = open(t, file, 'run-2')
  assert.equal(await after.lockedUntil('user:x', 2000), 6000)
  assert.equal(await after.consumeTotpStep(ALICE, 50), false)
  assert.deepEqual(await after.quotaUsage(ACCOUNT), { bytes: 7, files: 1 })
  assert.equal(await after.countSessions(BOB), 0)
  assert.equal(await after.openSession(BOB, asSessionId('new'), 1), true)
})

test('the files of a user whose session a crash ended are counted anew: what it had charged was not settled', async (t) => {
  const file = temporaryFile(t)
  const before = open(t, file, 'run-1')
  await before.openSession(ALICE, asSessionId('crashed'), 0)
  await before.initQuotaUsage(ACCOUNT, { bytes: 7, files: 1 })
  assert.deepEqual(await open(t, file, undefined).quotaUsage(ACCOUNT), { bytes: 7, files: 1 })
  await before.close()
  assert.equal(await open(t, file, 'run-2').quotaUsage(ACCOUNT), undefined)
})

test('a second worker of the run, or a CLI verb, leaves live sessions alone', async (t) => {
  const file = temporaryFile(t)
  const worker = open(t, file, 'run-1')
  await worker.openSession(ALICE, asSessionId('a'), 1)
  assert.equal(await open(t, file, 'run-1').countSessions(ALICE), 1)
  assert.equal(await open(t, file, undefined).countSessions(ALICE), 1)
  assert.equal(await open(t, file, 'run-1').openSession(ALICE, asSessionId('b'), 1), false)
})

const RACER = `
  const { workerData, parentPort } = require('node:worker_threads')
  import(workerData.module).then(async ({ createSqliteStateStore }) => {
    const store = createSqliteStateStore({ file: workerData.file, instance: 'run-1' })
    const won = { codes: 0, sessions: 0 }
    for (let i = 1; i <= workerData.rounds; i += 1) {
      if (await store.consumeTotpStep('user-' + i, 1)) won.codes += 1
      if (await store.openSession('user-' + i, workerData.name + i, 1)) won.sessions += 1
    }
    await store.close()
    parentPort.postMessage(won)
  })`

test('two threads race for every code and every last place: one of them wins each', async (t) => {
  const file = temporaryFile(t)
  await open(t, file).close()
  const module = new URL('../../src/state/sqlite.ts', import.meta.url).href
  const rounds = 200
  const race = (name: string): Promise<{ codes: number; sessions: number }> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(RACER, { eval: true, workerData: { module, file, name, rounds } })
      worker.once('message', resolve).once('error', reject)
    })
  const [one, two] = await Promise.all([race('one-'), race('two-')])
  assert.equal(one.sessions + two.sessions, rounds)
  assert.equal(one.codes + two.codes, rounds)
})

test('the files are for the owner alone, even where one existed with another mode', async (t) => {
  const file = temporaryFile(t)
  writeFileSync(file, '', { mode: 0o644 })
  const store = open(t, file)
  await store.consumeTotpStep(ALICE, 1)
  for (const name of [file, `${file}-wal`, `${file}-shm`])
    assert.equal(statSync(name).mode & 0o777, 0o600, name)
})

function refuses(file: string, message: RegExp): void {
  assert.throws(
    () => createSqliteStateStore({ file, instance: 'run-1' }),
    (error) => error instanceof FileServerError && error.code === 'internal' && message.test(error.message),
  )
}

test('a file that is no database is refused with its name', (t) => {
  const file = temporaryFile(t)
  writeFileSync(file, 'this is text, and long enough to be no header of a database at all '.repeat(50))
  refuses(file, /State file .*state\.db cannot be used: .*not a database\. Restore it, or move it away/)
})

test('codes that were spent by the first layout of the file stay spent, and later ones count', async (t) => {
  const file = temporaryFile(t)
  const old = openDatabase(file)
  const now = Math.floor(Date.now() / 1000)
  // It counted steps of 30 seconds.
  old.exec(`INSERT INTO totp_steps VALUES ('alice', ${Math.floor(now / 30)}); PRAGMA user_version = 1`)
  old.close()
  const store = open(t, file)
  assert.equal(await store.consumeTotpStep(ALICE, Math.floor(now / 30) * 30), false)
  assert.equal(await store.consumeTotpStep(ALICE, now + 30), true)
})

test('a session that a full disk kept in the file does not count when there is room again', async (t) => {
  const file = temporaryFile(t)
  const store = open(t, file)
  const disk = new DatabaseSync(file)
  t.after(() => disk.close())
  await store.openSession(ALICE, asSessionId('a'), 1)
  disk.exec("CREATE TRIGGER full BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'full'); END")
  await assert.rejects(store.closeSession(asSessionId('a')), { code: 'internal' })
  await assert.rejects(store.openSession(ALICE, asSessionId('b'), 1), { code: 'internal' })
  disk.exec('DROP TRIGGER full')
  assert.equal(await store.openSession(ALICE, asSessionId('b'), 1), true)
  assert.equal(await store.countSessions(ALICE), 1)
})

test('what a full disk keeps from being settled is, when there is room again', async (t) => {
  const file = temporaryFile(t)
  const store = open(t, file)
  const disk = new DatabaseSync(file)
  t.after(() => disk.close())
  await store.initQuotaUsage(ACCOUNT, { bytes: 100, files: 2 })
  disk.exec("CREATE TRIGGER full BEFORE UPDATE ON quotas BEGIN SELECT RAISE(ABORT, 'full'); END")
  await store.settleQuota(ACCOUNT, { bytes: -30, files: -1 })
  await store.settleQuota(ACCOUNT, { bytes: 10, files: 0 })
  await assert.rejects(store.chargeQuota(ACCOUNT, { bytes: 1, files: 0 }, NO_LIMIT), { code: 'internal' })
  disk.exec('DROP TRIGGER full')
  assert.equal(await store.chargeQuota(ACCOUNT, { bytes: 1, files: 0 }, NO_LIMIT), true)
  assert.deepEqual(await store.quotaUsage(ACCOUNT), { bytes: 81, files: 1 })
})

test('what a full disk keeps from being forgotten still gets what is owed to it', async (t) => {
  const file = temporaryFile(t)
  const store = open(t, file)
  const disk = new DatabaseSync(file)
  t.after(() => disk.close())
  await store.initQuotaUsage(ACCOUNT, { bytes: 100, files: 2 })
  for (const what of ['UPDATE', 'DELETE']) {
    disk.exec(`CREATE TRIGGER no_${what} BEFORE ${what} ON quotas BEGIN SELECT RAISE(ABORT, 'full'); END`)
  }
  await store.settleQuota(ACCOUNT, { bytes: 10, files: 1 })
  await assert.rejects(store.forgetQuota(ALICE), { code: 'internal' })
  for (const what of ['UPDATE', 'DELETE']) disk.exec(`DROP TRIGGER no_${what}`)
  assert.equal(await store.chargeQuota(ACCOUNT, { bytes: 1, files: 0 }, NO_LIMIT), true)
  assert.deepEqual(await store.quotaUsage(ACCOUNT), { bytes: 111, files: 3 })
})

test('what could not be settled is at the end of a session or of the server, and nothing is lost with it', async (t) => {
  const file = temporaryFile(t)
  const disk = new DatabaseSync(file)
  t.after(() => disk.close())
  const owing = async (store: StateStore) => {
    disk.exec("CREATE TRIGGER full BEFORE UPDATE ON quotas BEGIN SELECT RAISE(ABORT, 'full'); END")
    await store.settleQuota(ACCOUNT, { bytes: 10, files: 1 })
    disk.exec('DROP TRIGGER full')
  }
  const store = open(t, file)
  await store.openSession(ALICE, asSessionId('a'), 0)
  await store.initQuotaUsage(ACCOUNT, { bytes: 100, files: 2 })
  await owing(store)
  await store.closeSession(asSessionId('a'))
  assert.deepEqual(await store.quotaUsage(ACCOUNT), { bytes: 110, files: 3 })
  await owing(store)
  await store.close()
  assert.deepEqual(await open(t, file, 'run-2').quotaUsage(ACCOUNT), { bytes: 120, files: 4 })
})

test('a file of a newer release is refused and not changed', (t) => {
  const file = temporaryFile(t)
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 99')
  db.close()
  refuses(file, /newer release \(version 99/)
  const again = new DatabaseSync(file)
  assert.equal(again.prepare('PRAGMA user_version').get()?.user_version, 99)
  again.close()
})

test('a folder that is missing is made, for the owner alone; one that cannot be made is named', (t) => {
  const file = join(dirname(temporaryFile(t)), 'new', 'state.db')
  openDatabase(file).close()
  assert.equal(statSync(dirname(file)).mode & 0o777, 0o700)
  refuses(join(file, 'state.db'), /cannot be used: (ENOTDIR|EEXIST)/)
})

test('a store that fails rejects with our error only', async (t) => {
  const store = open(t, temporaryFile(t))
  await store.close()
  await store.close()
  await assert.rejects(store.consumeTotpStep(ALICE, 1), { code: 'internal' })
})

test('failure rows are bounded, expired ones go first and locked ones last', async (t) => {
  const db = openDatabase(temporaryFile(t))
  t.after(() => db.close())
  const failures = createFailures(db, 10)
  const rows = (): number => Number(db.prepare('SELECT count(*) AS n FROM failures').get()?.n)
  await failures.recordFailure('locked', 1000, { ...RULE, after: 1 })
  for (let i = 0; i < 100; i += 1) await failures.recordFailure(`name-${i}`, 1000 + i, RULE)
  assert.ok(rows() <= 20, `${rows()} rows`)
  assert.equal(await failures.lockedUntil('locked', 1200), 6000)
  for (let i = 0; i < 10; i += 1) await failures.recordFailure('late', 100_000, { ...RULE, after: 0 })
  assert.equal(rows(), 1)
})

test('a server has room in the file and its log before a user fills the disk', async (t) => {
  const file = temporaryFile(t)
  for (const instance of ['run-1', 'run-2']) {
    const store = createSqliteStateStore({ file, instance })
    const [sizeOfFile, sizeOfLog] = [file, `${file}-wal`].map((name) => statSync(name).size)
    assert.ok(Number(sizeOfFile) > 256 * 1024 && Number(sizeOfLog) > 256 * 1024, instance)
    await store.close()
  }
  const db = new DatabaseSync(file)
  t.after(() => db.close())
  assert.ok(Number(db.prepare('PRAGMA freelist_count').get()?.freelist_count) > 60)
  // Each start uses the same room again.
  assert.ok(statSync(file).size < 512 * 1024)
})

/** Locks keys, which take up room, on a disk where no file can have more than 256 KiB. */
function lockOnFullDisk(t: TestContext, most: number): unknown {
  const script = fileURLToPath(new URL('full-disk.ts', import.meta.url))
  // A write beyond the limit then fails, as on a full disk, in place of ending the process.
  const limited = 'trap "" XFSZ; ulimit -f 256; exec "$0" "$@"'
  const args = ['-c', limited, process.execPath, script, temporaryFile(t), String(most)]
  const { stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8' })
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout)
}

test('a log that has no room to grow is used again', (t) => {
  assert.deepEqual(lockOnFullDisk(t, 500), { told: '', count: 500 })
})

test('a failure that a full disk does not take is not said to be counted', (t) => {
  const { told, count } = Object(lockOnFullDisk(t, 20_000))
  assert.equal(told, 'refused')
  assert.ok(count > 500 && count < 10_000, String(count))
})
