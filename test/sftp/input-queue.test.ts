import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInputPools, createInputRoom, InputQueue, type RawPacket } from '../../src/sftp/input-queue.ts'

const push = (queue: InputQueue | undefined, bytes: Buffer): void => queue?.push(bytes, 0, bytes.length)

function packetOf(size: number, octet: number): Buffer {
  const bytes = Buffer.alloc(4 + size, octet)
  bytes.writeUInt32BE(size, 0)
  return bytes
}

test('requests that do not end hold a bounded number of large blocks; all come back in the end', () => {
  const room = createInputRoom(createInputPools())
  const queues = [new InputQueue(room), new InputQueue(room)]
  const held: { queue: InputQueue; packet: RawPacket; octet: number }[] = []
  for (let octet = 1; octet <= 24; octet += 1) {
    const queue = queues[octet % 2]
    push(queue, packetOf(octet % 3 === 0 ? 40 : 200_000, octet))
    const packet = queue?.next()
    assert.ok(queue !== undefined && packet !== undefined)
    held.push({ queue, packet, octet })
  }
  assert.equal(room.largeHeld, 8)
  for (const { queue, packet, octet } of held) {
    assert.ok(packet.bytes.subarray(packet.from, packet.to).every((value) => value === octet))
    queue.release(packet)
    queue.release(packet)
  }
  assert.equal(room.largeHeld, 0)
  assert.equal(room.held, 0)
  assert.ok(queues.every(({ length }) => length === 0))
})

test('what a queue dropped comes back with the last request that uses it', () => {
  const room = createInputRoom(createInputPools())
  const queue = new InputQueue(room)
  push(queue, packetOf(100_000, 1))
  push(queue, packetOf(100_000, 2).subarray(0, 500))
  const packet = queue.next()
  queue.clear()
  assert.equal(room.largeHeld, 1)
  assert.ok(packet !== undefined)
  queue.release(packet)
  assert.equal(room.largeHeld, 0)
})
