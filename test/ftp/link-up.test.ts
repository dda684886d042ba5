import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import type { WriteHandle } from '../../src/core/vfs/storage.ts'
import type { DataLink } from '../../src/ftp/data-link.ts'
import { openDescriptorNet } from '../../src/ftp/descriptor-net.ts'
import { openDescriptorPort } from '../../src/ftp/descriptor-port.ts'
import type { LineEnds } from '../../src/ftp/line-ends.ts'
import type { Link } from '../../src/ftp/link.ts'
import { receiveUp } from '../../src/ftp/link-up.ts'
import type { Death } from '../../src/ftp/session.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { native, needsNative } from '../helpers/native.ts'
import { TEXTS } from '../helpers/texts.ts'

const MiB = 1024 * 1024
const BIG = randomBytes(9 * MiB + 5)
const LOOPBACK = { localIp: '127.0.0.1', peerIp: '127.0.0.1', ports: { from: 0, to: 0 } }

type Behaviour = 'at once' | 'later' | 'in turns'

/** Looks at the memory as late as a disk may, and never at two writes at once. */
function target(how: Behaviour, failAt = Number.POSITIVE_INFINITY) {
  const chunks: Buffer[] = []
  const state = { end: 0, busy: false, count: 0 }
  const take = (piece: Uint8Array) => {
    if (state.end >= failAt) throw new Error('disk full')
    chunks.push(Buffer.from(piece))
    state.end += piece.length
  }
  const later = async (piece: Uint8Array) => {
    state.busy = true
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    state.busy = false
    take(piece)
  }
  const write = (piece: Uint8Array, position: number) => {
    assert.equal(state.busy, false)
    assert.equal(position, state.end)
    state.count += 1
    return how === 'later' || (how === 'in turns' && state.count % 2 === 0) ? later(piece) : take(piece)
  }
  return { handle: { write } as unknown as WriteHandle, content: () => Buffer.concat(chunks) }
}

describe('uploads on a link', needsNative, () => {
  const net = openDescriptorNet(native, systemClock)
  after(() => net?.close())

  async function pair(): Promise<{ client: Socket; link: DataLink }> {
    assert.ok(net)
    const port = openDescriptorPort(net, LOOPBACK)
    const client = connect({ port: port.port, host: LOOPBACK.peerIp }).on('error', () => undefined)
    const link = await port.accept(new AbortController().signal)
    port.close()
    return { client, link }
  }

  function receive(link: DataLink, handle: WriteHandle, died?: () => Death, text?: LineEnds) {
    const seen = { moved: 0 }
    const done = receiveUp(link, {
      target: handle,
      at: 0,
      text,
      died,
      progress: (bytes) => {
        seen.moved += bytes
      },
    })
    return { done, seen }
  }

  for (const how of ['at once', 'later', 'in turns'] as const) {
    for (const size of [0, 1, 32_767, 32_768, 65_536, 65_537, 3 * MiB, BIG.length]) {
      test(`${size} bytes come whole to a target that writes ${how}`, async () => {
        const { client, link } = await pair()
        const { handle, content } = target(how)
        const { done, seen } = receive(link, handle)
        client.end(BIG.subarray(0, size))
        await done
        assert.equal(seen.moved, size)
        assert.ok(content().equals(BIG.subarray(0, size)))
        assert.equal(link.descriptor, -1)
      })
    }

    test(`what has come before a loss is kept by a target that writes ${how}`, async () => {
      const { client, link } = await pair()
      const { handle, content } = target(how)
      const { done, seen } = receive(link, handle)
      client.write(BIG)
      while (seen.moved < 2 * MiB) await new Promise((resolve) => setImmediate(resolve))
      link.cut()
      await assert.rejects(done, /lost/)
      assert.ok(content().equals(BIG.subarray(0, seen.moved)))
      client.destroy()
    })

    test(`a failure of a target that writes ${how} ends it, and nothing is written behind it`, async () => {
      const { client, link } = await pair()
      const { handle, content } = target(how, 2 * MiB)
      const { done } = receive(link, handle)
      client.write(BIG)
      await assert.rejects(done, /disk full/)
      assert.ok(content().length < 4 * MiB)
      assert.equal(link.descriptor, -1)
      client.destroy()
    })
  }

  for (const [what, text] of Object.entries(TEXTS))
    test(`text changes where it lies: ${what}`, async () => {
      const { client, link } = await pair()
      const { handle, content } = target('in turns')
      const { done, seen } = receive(link, handle, undefined, native)
      client.end(text)
      await done
      assert.equal(seen.moved, text.length)
      assert.ok(content().equals(Buffer.from(text.replaceAll('\r\n', '\n'))))
    })

  test('half of a line end is not kept of a text that is lost', async () => {
    const { client, link } = await pair()
    const { handle, content } = target('at once')
    const { done, seen } = receive(link, handle, undefined, native)
    client.write('a line\r\nanother\r')
    while (seen.moved < 16) await new Promise((resolve) => setImmediate(resolve))
    link.cut()
    await assert.rejects(done, /lost/)
    assert.equal(content().toString(), 'a line\nanother')
    client.destroy()
  })

  test('the end of a client that has died is none, and what came is kept', async () => {
    const cases: readonly Readonly<{ told: readonly Death[]; whole: boolean }>[] = [
      { told: ['no'], whole: true },
      { told: ['yes'], whole: false },
      { told: ['unsure', 'no'], whole: true },
      { told: ['unsure', 'yes'], whole: false },
      // Still nobody has read what it said: it does not read its replies.
      { told: ['unsure', 'unsure'], whole: false },
    ]
    for (const { told, whole } of cases) {
      const { client, link } = await pair()
      const { handle, content } = target('at once')
      const answers = [...told]
      const { done } = receive(link, handle, () => answers.shift() ?? assert.fail('asked too often'))
      client.end('some')
      if (whole) await done
      else await assert.rejects(done, /died/)
      assert.deepEqual(answers, [])
      assert.equal(content().toString(), 'some')
    }
  })

  test('a reset is no end', async () => {
    const { client, link } = await pair()
    const { handle } = target('at once')
    const { done, seen } = receive(link, handle)
    client.write('some')
    while (seen.moved < 4) await new Promise((resolve) => setImmediate(resolve))
    client.resetAndDestroy()
    await assert.rejects(done, /lost/)
  })

  test('a client that is faster than the disk has to wait', async () => {
    const { client, link } = await pair()
    const gate = Promise.withResolvers<void>()
    const { done, seen } = receive(link, { write: () => gate.promise } as unknown as WriteHandle)
    const endless = Buffer.alloc(64 * MiB)
    client.write(endless)
    let last = -1
    while (last !== seen.moved || last === 0) {
      last = seen.moved
      for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(seen.moved < 4 * MiB, `${seen.moved} bytes were taken`)
    gate.resolve()
    client.destroy()
    await done.catch(() => undefined)
  })
})

test('a link that brings little at a time, and always has more, gives others their turn', async () => {
  let calls = 0
  let ready: () => void = () => undefined
  const link: Link = {
    open: true,
    encrypted: true,
    descriptor: -1,
    more: true,
    send: () => 0,
    flush: () => true,
    receive(into, used) {
      calls += 1
      into[used] = 1
      return calls > 10_000 ? 0 : 1
    },
    wait(_events, told) {
      ready = told
    },
    rest() {},
    endSending() {},
    closeGently() {},
    close() {},
    cut() {},
  }
  const { handle, content } = target('at once')
  const done = receiveUp(link, {
    target: handle,
    at: 0,
    text: undefined,
    died: undefined,
    progress: () => undefined,
  })
  ready()
  assert.ok(calls <= 8, `${calls} calls in one turn`)
  while (calls <= 10_000) ready()
  await done
  assert.equal(content().length, 10_000)
})
