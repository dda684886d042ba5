// One session must not hold up all others: how much is done in one turn of the event loop is counted here, not timed.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import { string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { REQUEST_COST, TURN_BUDGET } from '../../src/sftp/limits.ts'
import { openFile, openRaw, type RawClient, statusOf } from '../helpers/sftp-raw-client.ts'
import { startSftp } from '../helpers/sftp-server.ts'
import { at, upload, withChanges } from '../helpers/vfs.ts'

const BURST = 300
const PIECE = 8 * 1024

/** Turns of the event loop, and how often something was done in each. */
const counter = { turn: 0, perTurn: new Map<number, number>(), running: true }

function note(): void {
  counter.perTurn.set(counter.turn, (counter.perTurn.get(counter.turn) ?? 0) + 1)
}

const tick = (): void => {
  counter.turn += 1
  if (counter.running) setImmediate(tick)
}

function counted(files: VfsSession): VfsSession {
  return withChanges(files, {
    async openRead(path) {
      const handle = await files.openRead(path)
      return {
        ...handle,
        close: () => handle.close(),
        read(into) {
          note()
          return into.length
        },
      }
    },
    async lstat(path) {
      note()
      return files.lstat(path)
    },
  })
}

const server = await startSftp({ wrap: counted })
await upload(server.session.files, '/file', 'x')
after(async () => {
  counter.running = false
  await server.close()
})
tick()

/** Replies come in the order of the requests. */
async function receive(raw: RawClient, count: number): Promise<void> {
  for (let reply = 0; reply < count; reply += 1) {
    const { type } = await raw.receive()
    assert.ok(type === 103 || type === 105, `reply of type ${type}`)
  }
}

const most = (): number => Math.max(...counter.perTurn.values())
const total = (): number => [...counter.perTurn.values()].reduce((sum, count) => sum + count, 0)

/** Sends what is in the burst as one piece: it reaches the server in as few turns as it can. */
function burst(raw: RawClient, request: (id: number) => void): void {
  counter.perTurn.clear()
  raw.channel.cork()
  for (let id = 1; id <= BURST; id += 1) request(id)
  raw.channel.uncork()
}

test('READs that are answered at once go on in the next turn when their budget is spent', async () => {
  const raw = await openRaw(server.port)
  const handle = string(await openFile(raw, '/file', 1))
  burst(raw, (id) => raw.send(5, id, handle, uint64(0), uint32(PIECE)))
  await receive(raw, BURST)
  assert.equal(total(), BURST)
  // The one that spends the last of it may be bigger than what was left.
  const allowed = Math.ceil(TURN_BUDGET / (REQUEST_COST + PIECE))
  assert.ok(most() <= allowed, `${most()} READs in one turn, ${allowed} allowed`)
  await raw.end()
})

test('requests that are answered in promises are bounded as well, though they come back in the same turn', async () => {
  const raw = await openRaw(server.port)
  burst(raw, (id) => raw.send(7, id, string('/file')))
  await receive(raw, BURST)
  assert.equal(total(), BURST)
  const allowed = TURN_BUDGET / REQUEST_COST
  assert.ok(most() <= allowed, `${most()} requests in one turn, ${allowed} allowed`)
  await raw.end()
})

test('another session is answered while a burst is worked off', async () => {
  const [busy, other] = [await openRaw(server.port), await openRaw(server.port)]
  const handle = string(await openFile(busy, '/file', 1))
  let done = 0
  let before = -1
  burst(busy, (id) => busy.send(5, id, handle, uint64(0), uint32(PIECE)))
  const all = (async () => {
    for (; done < BURST; done += 1) await busy.receive()
  })()
  const answer = await other.ask(16, string('/nowhere'))
  before = done
  await all
  assert.equal(answer.type, 104, String(statusOf(answer)))
  assert.ok(before < BURST, 'the burst was finished first')
  const { size } = await server.session.files.lstat(at('/file'))
  assert.equal(size, 1)
  await busy.end()
  await other.end()
})
