import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, statSync, symlinkSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditContext, AuditDetail, AuditEvent } from '../../src/core/audit/events.ts'
import { createAuditLog } from '../../src/observe/audit-log.ts'
import { createLogger } from '../../src/observe/logger.ts'
import { keepAlive } from '../../src/server/keep-alive.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { collectEvents } from '../helpers/audit-events.ts'
import { createFakeClock, settle } from '../helpers/fake-clock.ts'
import { eventually } from '../helpers/fixture.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }

function lines(file: string): unknown[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('events are written in order, one per line, in a file only the server can read', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'deep', 'audit.jsonl')
  const log = createAuditLog(file, { clock: systemClock, logger })
  for (let at = 0; at < 1000; at += 1)
    log.record(at, { remoteIp: '192.0.2.1' }, { type: 'connection.opened' })
  await log.flush()
  assert.deepEqual(
    lines(file),
    Array.from({ length: 1000 }, (_, at) => ({ at, type: 'connection.opened', remoteIp: '192.0.2.1' })),
  )
  assert.equal(statSync(file).mode & 0o777, 0o600)
  await log.close()
})

test('after a rotation the new file gets what follows', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  const log = createAuditLog(file, { clock: systemClock, logger })
  log.record(1, {}, { type: 'server.stopped' })
  await log.flush()
  renameSync(file, `${file}.1`)
  await log.reopen()
  log.record(2, {}, { type: 'server.stopped' })
  await log.close()
  assert.deepEqual(lines(`${file}.1`), [{ at: 1, type: 'server.stopped' }])
  assert.deepEqual(lines(file), [{ at: 2, type: 'server.stopped' }])
})

test('a rotation gets by while the disk refuses every line, and none is lost', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  symlinkSync('/dev/full', file)
  const log = createAuditLog(file, { clock: systemClock, logger })
  log.record(1, {}, { type: 'server.stopped' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  unlinkSync(file)
  await log.reopen()
  log.record(2, {}, { type: 'server.stopped' })
  // The log's own waits keep no process alive.
  await keepAlive(log.flush())
  await log.close()
  assert.equal(lines(file).length, 2)
})

test('a log that cannot be written says when it is too far behind, and catches up', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  symlinkSync('/dev/full', file)
  const log = createAuditLog(file, { clock: systemClock, logger })
  const path = `/${'x'.repeat(64 * 1024)}`
  const record = () => log.record(1, {}, { type: 'file.denied', action: 'read', path })
  record()
  assert.equal(log.behind, false)
  for (let count = 0; count < 256; count += 1) record()
  assert.equal(log.behind, true)
  unlinkSync(file)
  await log.reopen()
  await keepAlive(log.flush())
  assert.equal(log.behind, false)
  await log.close()
  assert.equal(lines(file).length, 257)
})

test('that the disk refuses is said at once, then every minute, and when it takes what waited', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  symlinkSync('/dev/full', file)
  const clock = createFakeClock()
  const said: string[] = []
  const heard = (_fields: object, message: string) => void said.push(message)
  const log = createAuditLog(file, { clock, logger: { ...logger, error: heard, warn: heard } })
  log.record(1, {}, { type: 'server.stopped' })
  /** Until the next try waits for its time: it has failed by then. */
  const tried = () => eventually(async () => clock.pending === 1 || undefined, 'a try')
  await clock.advance(20)
  await tried()
  const waits = 'the audit log cannot be written; its lines wait and are tried again'
  assert.deepEqual(said, [waits])
  for (let second = 1; second <= 60; second += 1) {
    await clock.advance(1000)
    await tried()
    assert.equal(said.length, second < 60 ? 1 : 2)
  }
  unlinkSync(file)
  await log.reopen()
  await clock.advance(1000)
  await eventually(async () => said.length > 2 || undefined, 'the end of it')
  assert.deepEqual(said, [waits, waits, 'the audit log can be written again; it has all lines that waited'])
  await log.close()
  assert.equal(lines(file).length, 1)
})

test('a log that is closed while the disk is full says how many lines are lost', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  symlinkSync('/dev/full', file)
  const log = createAuditLog(file, { clock: systemClock, logger })
  for (let at = 0; at < 3; at += 1) log.record(at, {}, { type: 'server.stopped' })
  await assert.rejects(log.close(), {
    code: 'storage.failed',
    message: `${file} could not be written: its last 3 lines are lost`,
  })
})

/** Writes happen in the thread pool, of which no clock knows. */
async function written(file: string): Promise<number> {
  for (let turn = 0; turn < 10_000 && statSync(file).size === 0; turn += 1) await settle()
  return statSync(file).size === 0 ? 0 : lines(file).length
}

test('lines of 20 ms go out together, and nobody has to ask for it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  const clock = createFakeClock()
  const log = createAuditLog(file, { clock, logger })
  log.record(1, {}, { type: 'server.stopped' })
  await clock.advance(19)
  log.record(2, {}, { type: 'server.stopped' })
  assert.equal(statSync(file).size, 0)
  await clock.advance(1)
  assert.equal(await written(file), 2)
  await log.flush()
  assert.equal(clock.pending, 0)
  await log.close()
})

test('256 lines wait for no time to pass', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  const clock = createFakeClock()
  const log = createAuditLog(file, { clock, logger })
  for (let at = 0; at < 255; at += 1) log.record(at, {}, { type: 'server.stopped' })
  assert.equal(clock.pending, 1)
  log.record(255, {}, { type: 'server.stopped' })
  assert.equal(clock.pending, 0)
  assert.equal(await written(file), 256)
  await log.close()
})

test('what was recorded before a rotation is in the old file, though nobody flushed it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  const log = createAuditLog(file, { clock: createFakeClock(), logger })
  log.record(1, {}, { type: 'server.stopped' })
  renameSync(file, `${file}.1`)
  await log.reopen()
  log.record(2, {}, { type: 'server.stopped' })
  await log.close()
  assert.deepEqual(lines(`${file}.1`), [{ at: 1, type: 'server.stopped' }])
  assert.deepEqual(lines(file), [{ at: 2, type: 'server.stopped' }])
})

test('a line break in a name cannot forge an event', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  const log = createAuditLog(file, { clock: systemClock, logger })
  log.record(1, {}, { type: 'file.denied', action: 'read', path: '/a\n{"type":"login.granted"}' })
  await log.close()
  assert.equal(lines(file).length, 1)
})

test('a log file that cannot be opened is an error at the start and at a rotation, and the old one stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'))
  assert.throws(() => createLogger({ file: folder, level: 'info' }), { code: 'EISDIR', path: folder })
  const file = join(folder, 'server.jsonl')
  const log = createLogger({ file, level: 'info' })
  log.info({}, 'one')
  while (statSync(file).size === 0) await settle()
  renameSync(file, `${file}.1`)
  mkdirSync(file)
  assert.throws(() => log.reopen(), { code: 'EISDIR', path: file })
  log.info({}, 'two')
  await log.close()
  assert.match(readFileSync(`${file}.1`, 'utf8'), /"one".*\n.*"two"/)
})

test('the log of a full disk is closed all the same', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'log-')), 'server.jsonl')
  symlinkSync('/dev/full', file)
  const log = createLogger({ file, level: 'info' })
  log.info({}, 'one')
  await keepAlive(log.close())
})

test('secrets are redacted wherever they stand', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'log-')), 'server.jsonl')
  const log = createLogger({ file, level: 'info' })
  log.info({ password: 'p1', user: { secret: 's1', name: 'n' }, deep: { er: { totp: '123456' } } }, 'message')
  await log.close()
  const text = readFileSync(file, 'utf8')
  assert.doesNotMatch(text, /p1|s1|123456/)
  assert.match(text, /"name":"n"/)
})

test('a line has time, context and details in this order, however often the context is used', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit.jsonl')
  const log = createAuditLog(file, { clock: systemClock, logger })
  const events: AuditEvent[] = []
  const { record } = collectEvents(events)
  const context = { door: 'ftp', remoteIp: '192.0.2.1', user: 'a"\\\n' } as const
  const both = (at: number, detail: AuditDetail, about: AuditContext = context) => {
    log.record(at, about, detail)
    record(at, about, detail)
  }
  both(1, { type: 'file.denied', action: 'read', path: '/a\u2028b' })
  both(2, { type: 'connection.opened' }, {})
  both(3, { type: 'connection.closed', durationMs: 4 })
  await log.close()
  assert.equal(readFileSync(file, 'utf8'), events.map((event) => `${JSON.stringify(event)}\n`).join(''))
})
