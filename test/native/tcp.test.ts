import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { constants } from 'node:os'
import { type TestContext, test } from 'node:test'
import { type Native, WATCH } from '../../src/native/native.ts'
import { native, needsNative } from '../helpers/native.ts'

const { EAGAIN, EBADF, EINVAL, EMSGSIZE, ENOENT, EPERM } = constants.errno
const HOST = '127.0.0.1'

function addon(): Native {
  assert.ok(native)
  return native
}

async function until<T>(ask: () => T, holds: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = ask()
    if (holds(answer)) return answer
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A listening descriptor on some port that is free. */
function listening(t: TestContext, host = HOST): { listener: number; port: number } {
  for (let port = 50_000; port < 60_000; port += 1) {
    const listener = addon().listenTcp(host, port)
    if (listener < 0) continue
    t.after(() => addon().closeSocket(listener, 0))
    return { listener, port }
  }
  throw new Error('no port is free')
}

/** The server's end as a descriptor, which the test closes. */
async function pair(t: TestContext): Promise<{ client: Socket; fd: number }> {
  const { listener, port } = listening(t)
  const client = connect({ port, host: HOST, allowHalfOpen: true }).on('error', () => undefined)
  t.after(() => client.destroy())
  const fd = await until(
    () => addon().acceptPeer(listener, HOST),
    (got) => got >= 0,
  )
  return { client, fd }
}

test('a connection carries bytes and text both ways, and its ends', needsNative, async (t) => {
  const { client, fd } = await pair(t)
  const into = Buffer.alloc(10, '.')
  assert.equal(addon().receiveInto(fd, into, 0), -EAGAIN)
  client.write('hello')
  assert.equal(
    await until(
      () => addon().receiveInto(fd, into, 2),
      (got) => got !== -EAGAIN,
    ),
    5,
  )
  assert.equal(into.toString(), '..hello...')
  client.end()
  assert.equal(
    await until(
      () => addon().receiveInto(fd, into, 0),
      (got) => got !== -EAGAIN,
    ),
    0,
  )
  assert.equal(addon().sendBytes(fd, Buffer.from('0123456789'), 2, 5), 3)
  assert.equal(addon().sendText(fd, 'naïve'), 0)
  assert.equal(addon().endSending(fd), 0)
  assert.equal(Buffer.concat(await client.toArray()).toString(), '234naïve')
  assert.equal(addon().closeSocket(fd, 0), 0)
})

test('what is corked goes out with the end', needsNative, async (t) => {
  const { client, fd } = await pair(t)
  assert.equal(addon().sendBytes(fd, Buffer.from('0123456789'), 0, 10, 1), 10)
  assert.equal(addon().endSending(fd), 0)
  assert.equal(Buffer.concat(await client.toArray()).toString(), '0123456789')
  assert.equal(addon().closeSocket(fd, 0), 0)
})

test('that the peer has ended is seen behind all that it sent', needsNative, async (t) => {
  const { client, fd } = await pair(t)
  const into = Buffer.alloc(10)
  assert.equal(addon().peerEnded(fd), 0)
  client.end('some')
  assert.equal(
    await until(
      () => addon().peerEnded(fd),
      (ended) => ended !== 0,
    ),
    2,
  )
  while (addon().receiveInto(fd, into, 0) === -EAGAIN) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(
    await until(
      () => addon().peerEnded(fd),
      (ended) => ended !== 0,
    ),
    1,
  )
  assert.equal(addon().closeSocket(fd, 0), 0)
  assert.equal(addon().peerEnded(-1), -EBADF)
})

test('what makes no sense is refused', needsNative, async (t) => {
  const { fd } = await pair(t)
  const four = Buffer.alloc(4)
  for (const [from, to] of [
    [-1, 2],
    [3, 2],
    [0, 5],
  ] as const)
    assert.equal(addon().sendBytes(fd, four, from, to), -EINVAL)
  for (const used of [-1, 4, 5]) assert.equal(addon().receiveInto(fd, four, used), -EINVAL)
  assert.equal(addon().sendText(fd, 'x'.repeat(3000)), -EMSGSIZE)
  assert.equal(addon().sendText(fd, 'ü'.repeat(1500)), -EMSGSIZE)
  for (const [address, port] of [
    ['here', 50_000],
    [HOST, 0],
    [HOST, 65_536],
    ['1.2.3.4.5', 50_000],
  ] as const)
    assert.equal(addon().listenTcp(address, port), -EINVAL)
  assert.equal(addon().acceptPeer(fd, 'nobody'), -EINVAL)
  for (const call of [addon().endSending, addon().dropWaiting]) assert.equal(call(-1), -EBADF)
  assert.equal(addon().closeSocket(-1, 1), -EBADF)
  assert.equal(addon().closeSocket(fd, 0), 0)
})

test('a full socket takes what fits and says so; a lost one says that', needsNative, async (t) => {
  const { client, fd } = await pair(t)
  const big = Buffer.alloc(1024 * 1024)
  let sent = 0
  while (sent >= 0) sent = addon().sendBytes(fd, big, 0, big.length)
  assert.equal(sent, -EAGAIN)
  assert.equal(addon().sendText(fd, 'text'), -EAGAIN)
  client.resetAndDestroy()
  const lost = await until(
    () => addon().sendBytes(fd, big, 0, 1),
    (got) => got !== -EAGAIN,
  )
  assert.ok(lost < 0)
  // The signal that comes with a second one must not end the process.
  assert.ok(addon().sendBytes(fd, big, 0, 1) < 0)
  addon().closeSocket(fd, 1)
})

test(
  'a gentle close loses nothing of what is on its way, whatever the client sends',
  needsNative,
  async (t) => {
    const { client, fd } = await pair(t)
    const content = Buffer.alloc(200_000, 'x')
    client.write(Buffer.alloc(50_000))
    while (addon().receiveInto(fd, Buffer.alloc(1), 0) === -EAGAIN) await once(client, 'drain')
    assert.equal(addon().sendBytes(fd, content, 0, content.length), content.length)
    assert.equal(addon().endSending(fd), 0)
    addon().closeSocket(fd, 1)
    assert.equal(Buffer.concat(await client.toArray()).length, content.length)
  },
)

test('only the peer is let in, and a waiting crowd is dropped', needsNative, async (t) => {
  const { listener, port } = listening(t)
  const from = (localAddress: string) =>
    connect({ port, host: HOST, localAddress }).on('error', () => undefined)
  const strangers = [from('127.0.0.2'), from('127.0.0.3')]
  for (const stranger of strangers) await once(stranger, 'connect')
  const peer = from(HOST)
  await once(peer, 'connect')
  const fd = addon().acceptPeer(listener, HOST)
  assert.ok(fd >= 0)
  assert.equal(addon().acceptPeer(listener, HOST), -EAGAIN)
  for (const stranger of strangers) if (!stranger.destroyed) await once(stranger.resume(), 'close')
  addon().closeSocket(fd, 0)
  const late = from(HOST)
  await once(late, 'connect')
  assert.equal(addon().dropWaiting(listener), 0)
  if (!late.destroyed) await once(late.resume(), 'close')
  peer.destroy()
})

test('an IPv4 client of an IPv6 listener is the same host', needsNative, async (t) => {
  const { listener, port } = listening(t, '::')
  const client = connect(port, HOST)
  t.after(() => client.destroy())
  await once(client, 'connect')
  const fd = addon().acceptPeer(listener, HOST)
  assert.ok(fd >= 0)
  addon().closeSocket(fd, 0)
})

test('a watch tells what is ready, as long as it is asked to', needsNative, async (t) => {
  const { client, fd } = await pair(t)
  const told: number[] = []
  const watch = addon().createWatch((id) => told.push(id))
  assert.ok(watch)
  const wait = (id: number) => until(() => told.includes(id), Boolean)
  assert.equal(addon().watchDescriptor(watch, fd, 7, WATCH.writable), 0)
  await wait(7)
  assert.equal(addon().watchDescriptor(watch, fd, 8, WATCH.readable), 0)
  told.length = 0
  client.write('x')
  await wait(8)
  assert.ok(!told.includes(7))
  assert.equal(addon().unwatchDescriptor(watch, fd), 0)
  assert.equal(addon().unwatchDescriptor(watch, fd), -ENOENT)
  told.length = 0
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(told, [])
  addon().closeSocket(fd, 0)
  assert.equal(addon().watchDescriptor(watch, fd, 9, WATCH.readable), -EBADF)
  assert.equal(addon().closeWatch(watch), 0)
})

test('a watch may be closed by what it tells, twice, and then refuses', needsNative, async (t) => {
  const first = await pair(t)
  const second = await pair(t)
  for (let round = 0; round < 200; round += 1) {
    let calls = 0
    const watch = addon().createWatch(() => {
      calls += 1
      if (watch !== null) addon().closeWatch(watch)
    })
    assert.ok(watch)
    for (const { fd } of [first, second]) addon().watchDescriptor(watch, fd, 1, WATCH.writable)
    await until(
      () => calls,
      (count) => count > 0,
    )
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(calls, 1)
    assert.equal(addon().closeWatch(watch), 0)
    assert.equal(addon().watchDescriptor(watch, first.fd, 1, WATCH.writable), -EINVAL)
  }
  for (const { fd } of [first, second]) addon().closeSocket(fd, 0)
})

test('a watch refuses what is none, and files', needsNative, () => {
  const watch = addon().createWatch(() => undefined)
  assert.ok(watch)
  assert.equal(addon().watchDescriptor({}, 0, 1, WATCH.readable), -EINVAL)
  assert.equal(addon().unwatchDescriptor({}, 0), -EINVAL)
  assert.ok([-EPERM, -EBADF].includes(addon().watchDescriptor(watch, -1, 1, WATCH.readable)))
  addon().closeWatch(watch)
})
