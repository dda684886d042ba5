import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace, paceRead, paceWrite } from '../../../src/core/transfer/pace.ts'
import type { ReadHandle, WriteHandle } from '../../../src/core/vfs/storage.ts'
import { createFakeClock, type FakeClock } from '../../helpers/fake-clock.ts'

const RATE = 64 * 1024

function reader(size: number): ReadHandle {
  return {
    size,
    stat: () => Promise.reject(new Error('not asked')),
    read: (into, position) => Math.max(0, Math.min(into.length, size - position)),
    close: async () => undefined,
  }
}

function writer(): { handle: WriteHandle; written: () => number } {
  let written = 0
  const handle = {
    write: (chunk: Uint8Array) => {
      written += chunk.byteLength
    },
    writev: (chunks: readonly Uint8Array[]) => {
      for (const { byteLength } of chunks) written += byteLength
    },
  } as unknown as WriteHandle
  return { handle, written: () => written }
}

async function readAll(handle: ReadHandle, bytes: number): Promise<void> {
  const into = new Uint8Array(1024 * 1024)
  for (let position = 0; position < bytes; ) position += await handle.read(into, position)
}

/** Milliseconds of the clock until `work` is done. */
async function lasts(clock: FakeClock, work: Promise<unknown>): Promise<number> {
  const since = clock.monotonic()
  let done = false
  void work.then(() => {
    done = true
  })
  await clock.advance(0)
  while (!done) await clock.advance(10)
  return clock.monotonic() - since
}

test('what has a limit passes through the process, where it is held back', () => {
  const file = { ...reader(1), sendTo: () => 1 }
  const waits = { clock: createFakeClock(), use: {} }
  assert.equal(paceRead(file, createPace(RATE), waits).sendTo, undefined)
  assert.equal(paceRead(file, createPace(0), waits).sendTo, file.sendTo)
})

test('0 is no limit, and nothing is wrapped', () => {
  const clock = createFakeClock()
  const file = reader(1)
  assert.equal(paceRead(file, createPace(0), { clock, use: {} }), file)
})

test('reads keep to the rate, several of one session together', async () => {
  const clock = createFakeClock()
  const pace = createPace(RATE)
  const waits = { clock, use: {} }
  const alone = await lasts(clock, readAll(paceRead(reader(RATE * 4), pace, waits), RATE * 4))
  assert.ok(alone >= 3500 && alone <= 4300, `${alone} ms`)
  const both = [1, 2].map(() => readAll(paceRead(reader(RATE), pace, waits), RATE))
  const together = await lasts(clock, Promise.all(both))
  assert.ok(together >= 1500 && together <= 2600, `${together} ms`)
})

test('writes keep to the rate: the next one waits for what was written', async () => {
  const clock = createFakeClock()
  const { handle, written } = writer()
  const paced = paceWrite(handle, createPace(RATE), { clock, use: {} })
  const chunk = new Uint8Array(RATE)
  const time = await lasts(
    clock,
    (async () => {
      await paced.write(chunk, 0)
      await paced.writev([chunk, chunk], RATE)
    })(),
  )
  assert.ok(time >= 2900 && time <= 3100, `${time} ms`)
  assert.equal(written(), 3 * RATE)
})

test('a transfer that was given up waits no longer', async () => {
  const clock = createFakeClock()
  const { handle } = writer()
  const given = new AbortController()
  const paced = paceWrite(handle, createPace(RATE), { clock, use: { signal: given.signal } })
  const writing = paced.write(new Uint8Array(RATE * 100), 0)
  await clock.advance(10)
  given.abort()
  await writing
  assert.equal(clock.monotonic(), 10)
})
