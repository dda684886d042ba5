import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileServerError } from '../../src/core/errors.ts'
import { readAttributes } from '../../src/sftp/attrs.ts'
import { createBodyReader, packet, string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { createInputPools, createInputRoom, InputQueue, type RawPacket } from '../../src/sftp/input-queue.ts'
import { MAX_PACKET } from '../../src/sftp/limits.ts'
import { parseRequest } from '../../src/sftp/parse.ts'
import type { ChannelContext } from '../../src/sftp/request.ts'
import { REQUESTS } from '../../src/sftp/table.ts'
import { connect, openFile, openSubsystem, wrap } from '../helpers/sftp-raw-client.ts'
import { startSftp } from '../helpers/sftp-server.ts'

/** Parsing hands it on and looks at nothing in it. */
const context = {} as ChannelContext
const BUDGET_MS = Number(process.env.FUZZ_MS ?? 1500)

/** The same numbers for the same seed, so that a failure can be run again. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** A valid request with some of its bytes changed, cut off or added. */
function damaged(random: (below: number) => number, handle: Buffer): Buffer {
  const row = REQUESTS[random(REQUESTS.length)]
  const fields = [
    () => uint32(random(2 ** 32)),
    () => uint64(random(2 ** 40)),
    () => string(handle),
    () => string(['/a', '../..', 'b/c', '.', '', 'limits@openssh.com', '\0'][random(7)] ?? ''),
    () => string(Buffer.alloc(random(2000))),
  ]
  const chosen = Array.from({ length: random(5) }, () => fields[random(fields.length)]?.() ?? uint32(0))
  const bytes = packet(row?.type ?? 0, uint32(random(1000)), ...chosen)
  for (let change = random(4); change > 0; change -= 1)
    bytes.writeUInt8(random(256), 4 + random(bytes.length - 4))
  const end = random(4) === 0 ? 5 + random(bytes.length - 5) : bytes.length
  const cut = bytes.subarray(0, end)
  cut.writeUInt32BE(cut.length - 4, 0)
  return cut
}

test('nothing that is read from bytes throws anything but FileServerError', () => {
  const seed = Date.now() % 2 ** 32
  const random = generator(seed)
  const until = performance.now() + BUDGET_MS
  while (performance.now() < until) {
    const bytes = Buffer.from(Array.from({ length: random(80) }, () => random(256)))
    try {
      const body = createBodyReader(bytes)
      const read = [
        () => body.byte(),
        () => body.uint32(),
        () => body.uint64(),
        () => body.string(),
        () => body.text(),
        () => readAttributes(body),
      ]
      for (;;) read[random(read.length)]?.()
    } catch (error) {
      assert.ok(error instanceof FileServerError, `seed ${seed}: ${error}`)
    }
    parseRequest({ bytes, from: 0, to: bytes.length, block: undefined }, context)
  }
})

function copied(queue: InputQueue, packet: RawPacket): Buffer {
  const copy = Buffer.from(packet.bytes.subarray(packet.from, packet.to))
  queue.release(packet)
  return copy
}

test('packets come out of the queue as they went in, however they were cut', () => {
  const seed = Date.now() % 2 ** 32
  const random = generator(seed)
  const until = performance.now() + BUDGET_MS
  while (performance.now() < until) {
    const sizes = Array.from(
      { length: 1 + random(6) },
      () => 1 + random([5, 300, 5000, MAX_PACKET][random(4)] ?? 5),
    )
    const bodies = sizes.map((size, index) => Buffer.alloc(size, index + 1))
    const stream = Buffer.concat(
      bodies.flatMap((body) => [Buffer.from(new Uint32Array([body.length]).buffer).swap32(), body]),
    )
    const queue = new InputQueue(createInputRoom(createInputPools()))
    const out: Buffer[] = []
    for (let at = 0; at < stream.length; ) {
      const size = 1 + random([3, 100, 3000, 40_000][random(4)] ?? 3)
      const to = Math.min(stream.length, at + size)
      queue.push(stream, at, to)
      at = to
      if (random(3) > 0) continue
      for (let next = queue.next(); next !== undefined; next = queue.next()) out.push(copied(queue, next))
    }
    for (let next = queue.next(); next !== undefined; next = queue.next()) out.push(copied(queue, next))
    assert.equal(out.length, bodies.length, `seed ${seed}`)
    assert.ok(
      out.every((body, index) => bodies[index]?.equals(body)),
      `seed ${seed}`,
    )
    assert.equal(queue.length, 0)
  }
})

test('damaged requests are answered or end their channel; the server stays', async (t) => {
  const seed = Date.now() % 2 ** 32
  const random = generator(seed)
  const server = await startSftp()
  const client = await connect(server.port)
  // Also after a failure: an open server would keep the runner waiting.
  t.after(async () => {
    client.end()
    await server.close()
  })
  const until = performance.now() + BUDGET_MS
  while (performance.now() < until) {
    const raw = wrap(client, await openSubsystem(client))
    raw.sendBytes(packet(1, uint32(3)))
    await raw.receive()
    const handle = await openFile(raw, '/fuzz', 0x1b)
    for (let index = 0; index < 200; index += 1) raw.sendBytes(damaged(random, handle))
    raw.channel.end()
    const status = await raw.closed
    assert.ok(status === 0 || status === 1, `seed ${seed}: ${status}`)
  }
  assert.deepEqual(
    server.logged.filter(({ level }) => level === 'error'),
    [],
    `seed ${seed}`,
  )
  client.end()
  await Promise.all(server.connections.map((connection) => connection.done))
  assert.equal(server.open(), 0)
})
