import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import type { Link } from '../../src/ftp/link.ts'
import { linkSink, socketSink } from '../../src/ftp/sinks.ts'
import { StallWatch } from '../../src/ftp/stall.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

const STALL_MS = 10_000
const PARTS = 4

function watched() {
  const clock = createFakeClock()
  const stall = new StallWatch(clock, { stallMs: STALL_MS })
  let aborted = false
  stall.begin({
    note: {},
    abort: () => {
      aborted = true
    },
  })
  return { clock, stall, aborted: () => aborted }
}

/** A link that takes a part of a write whenever there is room. */
function slowLink(part: number) {
  let ready = () => {}
  const link: Link = {
    open: true,
    encrypted: false,
    descriptor: -1,
    more: false,
    send: (bytes, from) => Math.min(part, bytes.length - from),
    flush: () => true,
    receive: () => undefined,
    wait: (_events, then) => {
      ready = then
    },
    rest: () => {},
    endSending: () => {},
    closeGently: () => {},
    close: () => {},
    cut: () => {},
  }
  return { link, room: () => ready() }
}

test('a client that takes a write on a link part by part has not stalled', async () => {
  const { clock, stall, aborted } = watched()
  const { link, room } = slowLink(1000)
  const writing = linkSink(link, stall).write(new Uint8Array(PARTS * 1000), false)
  for (let part = 1; part < PARTS; part += 1) {
    await clock.advance(STALL_MS - 1)
    room()
  }
  await writing
  assert.equal(aborted(), false)
})

test('one that takes no more of it has', async () => {
  const { clock, stall, aborted } = watched()
  const { link, room } = slowLink(1000)
  void linkSink(link, stall).write(new Uint8Array(PARTS * 1000), false)
  await clock.advance(STALL_MS - 1)
  room()
  await clock.advance(STALL_MS)
  assert.equal(aborted(), true)
})

test('a client that takes a large write on a socket part by part has not stalled', async () => {
  const { clock, stall, aborted } = watched()
  const written: number[] = []
  let taken = () => {}
  const socket = new Duplex({
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk.length)
      taken = done
    },
  })
  const sink = socketSink(socket, stall)
  const writing = sink.write(new Uint8Array(PARTS * sink.piece), false)
  for (let part = 0; part < PARTS; part += 1) {
    await clock.advance(STALL_MS - 1)
    taken()
  }
  await writing
  assert.equal(aborted(), false)
  assert.deepEqual(
    written,
    Array.from({ length: PARTS }, () => sink.piece),
  )
})
