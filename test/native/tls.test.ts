// TLS on bare descriptors, with clients that send what no client sends.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { constants } from 'node:os'
import { type TestContext, test } from 'node:test'
import type { TlsConnection } from '../../src/native/native.ts'
import { until } from '../helpers/descriptors.ts'
import { needsNative } from '../helpers/native.ts'
import { contextOf, meet, addon as native, pair, TLS_OF, turn } from '../helpers/tls-meeting.ts'
import { RecordWriter, tlsClient, WRITABLE_BY_HAND } from '../helpers/tls-wire.ts'

const { EAGAIN, EPROTO } = constants.errno

const byHand = (t: TestContext) => meet(t, contextOf(), WRITABLE_BY_HAND)

/** Calls until there is something, the end or a failure; gives what came by then and the last answer. */
async function receiveAll(server: TlsConnection): Promise<{ bytes: Buffer; last: number; calls: number }> {
  const into = Buffer.alloc(256 * 1024)
  const parts: Buffer[] = []
  for (let calls = 1; ; calls += 1) {
    const got = native.receiveTls(server, into, 0)
    if (got > 0) parts.push(Buffer.from(into.subarray(0, got)))
    else if (got !== -EAGAIN) return { bytes: Buffer.concat(parts), last: got, calls }
    else await turn()
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: bytes both ways, whole, with a reader that waits`, needsNative, async (t) => {
    const { raw, server, client } = await meet(t, contextOf(), { maxVersion: version })
    const content = randomBytes(12 * 1024 * 1024 + 3)
    raw.pause()
    let waited = 0
    let read = 0
    const digest = createHash('sha256')
    client.tls.on('data', (bytes: Buffer) => {
      read += bytes.length
      digest.update(bytes)
    })
    for (let sent = 0; sent < content.length || native.flushTls(server) === -EAGAIN; ) {
      const taken = sent < content.length ? native.sendTls(server, content, sent, content.length) : 0
      if (taken > 0) sent += taken
      else {
        assert.ok(taken === 0 || taken === -EAGAIN, String(taken))
        waited += 1
        raw.resume()
        await turn()
        if (waited % 2 === 0) raw.pause()
      }
    }
    raw.resume()
    await until(() => read === content.length)
    assert.ok(waited > 0, 'the socket was full')
    assert.deepEqual(digest.digest(), createHash('sha256').update(content).digest())
    client.tls.end(content)
    const up = receiveAll(server)
    await until(() => {
      raw.write(client.taken())
      return client.tls.writableFinished
    })
    raw.write(client.taken())
    const { bytes, last } = await up
    assert.equal(last, 0)
    assert.ok(bytes.equals(content))
  })
}

test('TLS 1.2: a second handshake is not to be had', needsNative, async (t) => {
  const { raw, server, client } = await meet(t, contextOf(), { maxVersion: 'TLSv1.2' })
  client.tls.renegotiate({}, () => undefined)
  await turn()
  raw.end(client.taken())
  const { bytes, last, calls } = await receiveAll(server)
  assert.equal(last, -EPROTO)
  assert.equal(bytes.length, 0)
  assert.ok(calls < 100)
})

test('an end is only good behind close_notify, wherever it comes', needsNative, async (t) => {
  const lengths: number[] = []
  let whole = 0
  for (let cut = 0; cut === 0 || cut <= whole; cut += 1) {
    const { raw, server, client } = await byHand(t)
    const writer = new RecordWriter(client)
    const records = [writer.data('first '), writer.data('second '), writer.data(''), writer.closeNotify()]
    const all = Buffer.concat(records)
    whole = all.length
    raw.end(all.subarray(0, cut))
    const { bytes, last } = await receiveAll(server)
    assert.equal(last, cut === whole ? 0 : -EPROTO, `cut at ${cut} of ${whole}`)
    assert.equal(native.receiveTls(server, Buffer.alloc(10), 0), last, 'and stays so')
    lengths.push(bytes.length)
    native.closeTls(server)
    raw.destroy()
  }
  assert.deepEqual([...new Set(lengths)], [0, 6, 13])
})

test('a fatal alert behind bytes is no end, though they come in one piece', needsNative, async (t) => {
  for (const description of [0, 20, 80, 90]) {
    const { raw, server, client } = await byHand(t)
    const writer = new RecordWriter(client)
    raw.end(Buffer.concat([writer.data('bytes'), writer.alert(2, description)]))
    const { bytes, last } = await receiveAll(server)
    assert.equal(bytes.toString(), 'bytes')
    // RFC 8446 section 6: the level means nothing; close_notify is one whatever it is.
    assert.equal(last, description === 0 ? 0 : -EPROTO, `alert ${description}`)
    if (description !== 0) assert.match(native.tlsProblem(server), /alert|lost/)
    assert.equal(native.receiveTls(server, Buffer.alloc(10), 0), last, 'asked again')
    if (description !== 0) assert.equal(native.endTls(server), -EPROTO)
  }
})

test('user_canceled is no end, and what follows it counts', needsNative, async (t) => {
  for (const ends of [true, false]) {
    const { raw, server, client } = await byHand(t)
    const writer = new RecordWriter(client)
    const records = [writer.data('bytes'), writer.alert(1, 90)]
    if (ends) records.push(writer.closeNotify())
    raw.end(Buffer.concat(records))
    const { bytes, last } = await receiveAll(server)
    assert.equal(bytes.toString(), 'bytes')
    assert.equal(last, ends ? 0 : -EPROTO)
    assert.equal(native.receiveTls(server, Buffer.alloc(10), 0), last, 'asked again')
  }
})

test('what was changed on its way is refused, and what came before it is given', needsNative, async (t) => {
  const { raw, server, client } = await byHand(t)
  const writer = new RecordWriter(client)
  const bad = writer.data('good') // takes its place in the order
  const [first, second] = [writer.data('x'), bad]
  first[first.length - 1] = (first.at(-1) ?? 0) ^ 1
  raw.end(Buffer.concat([second, first, writer.closeNotify()]))
  const { bytes, last } = await receiveAll(server)
  assert.equal(bytes.toString(), 'good')
  assert.equal(last, -EPROTO)
  assert.match(native.tlsProblem(server), /bad record mac/i)
})

test('half a record is waited for, and nobody is called for it', needsNative, async (t) => {
  const { raw, server, client } = await byHand(t)
  const record = new RecordWriter(client).data('whole')
  const into = Buffer.alloc(100)
  for (let at = 0; at < record.length; at += 1) {
    assert.equal(native.receiveTls(server, into, 0), -EAGAIN)
    assert.equal(native.pendingTls(server), 0, `${at} bytes are here`)
    await new Promise((resolve) => raw.write(record.subarray(at, at + 1), resolve))
  }
  const got = await receivedSome(server, into)
  assert.equal(into.toString('latin1', 0, got), 'whole')
})

async function receivedSome(server: TlsConnection, into: Buffer): Promise<number> {
  for (;;) {
    const got = native.receiveTls(server, into, 0)
    if (got !== -EAGAIN) return got
    await turn()
  }
}

test('with less room than bytes the rest is pending, as nothing else tells it', needsNative, async (t) => {
  const { raw, server, client } = await byHand(t)
  raw.write(new RecordWriter(client).data('0123456789'))
  const into = Buffer.alloc(12)
  assert.equal(await receivedSome(server, into.subarray(0, 4)), 4)
  assert.equal(native.pendingTls(server), 1)
  assert.equal(native.receiveTls(server, into, 4), 6)
  assert.equal(native.pendingTls(server), 0)
  assert.equal(into.toString('latin1', 0, 10), '0123456789')
})

test(
  'changes of keys between which no content comes are an attack, and what came before is given',
  needsNative,
  async (t) => {
    for (const [changes, end] of [
      [32, 0],
      [40, -EPROTO],
      [3000, -EPROTO],
    ] as const) {
      const { raw, server, client } = await byHand(t)
      const writer = new RecordWriter(client)
      const records = [
        writer.data('first '),
        ...Array.from({ length: changes }, () => writer.keyUpdate(true)),
      ]
      raw.end(Buffer.concat([...records, writer.data('at last'), writer.closeNotify()]))
      const { bytes, last } = await receiveAll(server)
      assert.equal(last, end, `${changes} changes`)
      assert.equal(bytes.toString(), end === 0 ? 'first at last' : 'first ')
      assert.equal(native.receiveTls(server, Buffer.alloc(10), 0), end, 'asked again')
      if (end !== 0) assert.match(native.tlsProblem(server), /too many records/)
    }
  },
)

test('others get their turn between small records and changes of keys', needsNative, async (t) => {
  const { raw, server, client } = await byHand(t)
  const writer = new RecordWriter(client)
  const records = Array.from({ length: 200 }, () => [
    ...Array.from({ length: 4 }, () => writer.keyUpdate(false)),
    writer.data('x'),
  ])
  await new Promise<void>((resolve) =>
    raw.end(Buffer.concat([...records.flat(), writer.closeNotify()]), resolve),
  )
  const into = Buffer.alloc(1000)
  const first = await receivedSome(server, into)
  assert.ok(first < 10, `${first} bytes in the first turn`)
  assert.equal(native.pendingTls(server), 1, 'the rest is told by nobody else')
  const { bytes, last } = await receiveAll(server)
  assert.equal(bytes.length, 200 - first)
  assert.equal(last, 0)
})

test('what is corked goes out in one piece with the end', needsNative, async (t) => {
  const { raw, server, client } = await byHand(t)
  const pieces: Buffer[] = []
  raw.on('data', (piece) => pieces.push(piece))
  assert.equal(native.sendTls(server, Buffer.from('bytes'), 0, 5, 1), 5)
  assert.equal(native.endTls(server), 0)
  assert.equal(Buffer.concat(await client.tls.toArray()).toString(), 'bytes')
  assert.equal(pieces.length, 1)
})

/** Of native/src/tls-link.c, and what a record holds and adds. */
const WRITE_BUFFER = 128 * 1024
const RECORD = 16 * 1024
const ADDED = { 'TLSv1.2': 29, 'TLSv1.3': 22 } as const

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: the end comes behind bytes that left no room for it`, needsNative, async (t) => {
    const { raw, server, client } = await meet(t, contextOf(), { minVersion: version, maxVersion: version })
    raw.pause()
    let read = 0
    client.tls.on('data', (bytes: Buffer) => {
      read += bytes.length
    })
    let ended = false
    client.tls.once('end', () => {
      ended = true
    })
    const block = Buffer.alloc(WRITE_BUFFER)
    let sent = 0
    do sent += native.sendTls(server, block, 0, RECORD)
    while (native.flushTls(server) === 0)
    // One record is in the buffer, and the socket takes nothing: these fill it to its last byte.
    const [whole, room] = [RECORD + ADDED[version], WRITE_BUFFER - RECORD - ADDED[version]]
    const last = Math.floor(room / whole) * RECORD + (room % whole) - ADDED[version]
    assert.equal(native.sendTls(server, block, 0, last, 1), last)
    assert.equal(native.endTls(server), -EAGAIN)
    raw.resume()
    await until(() => native.flushTls(server) === 0)
    await until(() => read === sent + last)
    for (let n = 0; n < 1000 && !ended; n += 1) await turn()
    assert.ok(ended, 'close_notify has come')
  })
}

test('who asks for new keys gets one answer, with the next bytes', needsNative, async (t) => {
  const { raw, server, client } = await byHand(t)
  const writer = new RecordWriter(client)
  for (let round = 0; round < 3; round += 1) {
    raw.write(Buffer.concat([writer.keyUpdate(true), writer.keyUpdate(true), writer.data('asked')]))
    assert.equal(await receivedSome(server, Buffer.alloc(10)), 5)
    assert.equal(native.sendTls(server, Buffer.from('answer'), 0, 6), 6)
    const [bytes] = await once(client.tls, 'data')
    assert.equal(String(bytes), 'answer')
  }
})

test('a handshake fails on what is none', needsNative, async (t) => {
  const huge = Buffer.concat([Buffer.from('1603010004' + '01ffffff', 'hex'), Buffer.alloc(100)])
  const says = [
    Buffer.from('RETR file\r\n'),
    randomBytes(600).fill(0x7f, 0, 3),
    huge,
    Buffer.from('1503010002022800', 'hex'),
  ]
  for (const bytes of says) {
    const { raw, fd } = await pair(t)
    const server = native.openTls(contextOf(), fd, 0)
    assert.ok(server)
    raw.write(bytes)
    let result = native.shakeHands(server)
    while (result > 0) {
      await turn()
      result = native.shakeHands(server)
    }
    assert.equal(result, -EPROTO)
    assert.equal(native.shakeHands(server), -EPROTO, 'and again')
    assert.notEqual(native.tlsProblem(server), '')
    native.closeTls(server)
  }
})

test('a handshake that ends at any byte has failed', needsNative, async (t) => {
  const hello = tlsClient(TLS_OF).taken()
  assert.ok(hello.length > 100)
  for (let cut = 0; cut < hello.length; cut += 7) {
    const { raw, fd } = await pair(t)
    const server = native.openTls(contextOf(), fd, 0)
    assert.ok(server)
    raw.end(hello.subarray(0, cut))
    let result = native.shakeHands(server)
    while (result > 0) {
      assert.equal(native.pendingTls(server), 0)
      await turn()
      result = native.shakeHands(server)
    }
    assert.equal(result, -EPROTO, `cut at ${cut}`)
    native.closeTls(server)
    raw.destroy()
  }
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  test(
    `${version}: who leaves before the end, with all there was, misses nothing`,
    needsNative,
    async (t) => {
      for (const waiting of [0, 1000]) {
        const { raw, fd, server } = await meet(t, contextOf(), { maxVersion: version })
        native.sendTls(server, Buffer.alloc(waiting), 0, waiting, 1)
        raw.resetAndDestroy()
        await until(() => native.peerEnded(fd) !== 0)
        const expected = waiting === 0 ? 0 : -EPROTO
        assert.equal(native.endTls(server), expected, `${waiting} bytes`)
        if (waiting === 0) assert.equal(native.flushTls(server), 0)
      }
    },
  )
