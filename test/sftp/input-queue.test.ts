import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInputPools, createInputRoom, InputQueue, type RawPacket } from '../../src/sftp/input-queue.ts'

function packetOf(size: number, octet: number): Buffer {
  const bytes = Buffer.alloc(4 + size, octet)
  bytes.writeUInt32BE(size, 0)
  return bytes
}

test('requests that do not end hold a bounded number of large blocks; all come back in the end', () => {
  const room = createInputRoom(createInputPools())
  const queues = [new InputQueue(room), new InputQueue(room)]
  const held: { packet: RawPacket; octet: number }[] = []
  for (let octet = 1; octet <= 24; octet += 1) {
    const queue = queues[octet % 2]
    queue?.push(packetOf(octet % 3 === 0 ? 40 : 200_000, octet))
    const packet = queue?.next()
    assert.ok(packet !== undefined)
    held.push({ packet, octet })
  }
  assert.equal(room.largeHeld, 8)
  for (const { packet, octet } of held) {
    assert.ok(packet.bytes.every((value) => value === octet))
    packet.release()
    packet.release()
  }
  assert.equal(room.largeHeld, 0)
  assert.equal(room.held, 0)
  assert.ok(queues.every(({ length }) => length === 0))
})

test('what a queue dropped comes back with the last request that uses it', () => {
  const room = createInputRoom(createInputPools())
  const queue = new InputQueue(room)
  queue.push(packetOf(100_000, 1))
  queue.push(packetOf(100_000, 2).subarray(0, 500))
  const packet = queue.next()
  queue.clear()
  assert.equal(room.largeHeld, 1)
  packet?.release()
  assert.equal(room.largeHeld, 0)
})
