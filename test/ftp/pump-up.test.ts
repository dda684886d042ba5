import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import type { WriteHandle } from '../../src/core/vfs/storage.ts'
import type { IntakeOptions } from '../../src/ftp/intake.ts'
import { ChunkIntake } from '../../src/ftp/intake-chunks.ts'
import { SlabIntake } from '../../src/ftp/intake-slabs.ts'
import { type LineEnds, SCRIPT_LINE_ENDS } from '../../src/ftp/line-ends.ts'
import { pumpUp } from '../../src/ftp/pump-up.ts'
import { canReadInto } from '../../src/ftp/read-into.ts'
import { TEXTS } from '../helpers/texts.ts'

const INTAKES = {
  chunks: (options: IntakeOptions) => new ChunkIntake(options),
  slabs: (options: IntakeOptions) => new SlabIntake(options),
}
const MiB = 1024 * 1024

async function pair(): Promise<{ client: Socket; server: Socket }> {
  const listener = createServer({ pauseOnConnect: true, allowHalfOpen: true })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const [server] = (await once(listener, 'connection')) as [Socket]
  listener.close()
  server.on('error', () => undefined)
  return { client, server }
}

function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Looks at the memory as late as a disk may, and never at two writes at once. */
function slowTarget(fail: (position: number) => boolean = () => false) {
  const hash = createHash('sha256')
  let end = 0
  let busy = false
  const writev = async (chunks: readonly Uint8Array[], position: number) => {
    assert.equal(busy, false)
    assert.equal(position, end)
    busy = true
    for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setImmediate(resolve))
    busy = false
    if (fail(position)) throw new Error('disk full')
    for (const chunk of chunks) {
      hash.update(chunk)
      end += chunk.length
    }
  }
  return {
    handle: { writev } as unknown as WriteHandle,
    get end() {
      return end
    },
    digest: () => hash.digest('hex'),
  }
}

describe('pump up', () => {
  test('this Node reads into our memory', async () => {
    const { client, server } = await pair()
    assert.ok(canReadInto(server))
    client.destroy()
    server.destroy()
  })

  for (const [name, open] of Object.entries(INTAKES)) {
    function pump(
      server: Socket,
      target: WriteHandle,
      signal = new AbortController().signal,
      text?: LineEnds,
    ) {
      let moved = 0
      const progress = (bytes: number) => {
        moved += bytes
      }
      const done = pumpUp(server, { target, at: 0, text, signal, progress }, open)
      return {
        done,
        get moved() {
          return moved
        },
      }
    }

    for (const size of [0, 1, 65_536, 65_537, 9 * MiB + 5]) {
      test(`${name}: ${size} bytes, in order and whole`, async () => {
        const { client, server } = await pair()
        const content = randomBytes(size)
        const target = slowTarget()
        const pumping = pump(server, target.handle)
        client.end(content)
        await pumping.done
        assert.equal(target.end, size)
        assert.equal(pumping.moved, size)
        assert.equal(target.digest(), sha(content))
        server.destroy()
      })
    }

    for (const [what, text] of Object.entries(TEXTS))
      test(`${name}: text changes on its way: ${what}`, async () => {
        const { client, server } = await pair()
        client.write(text.slice(0, 70_000))
        server.read(0)
        while (server.readableLength < 1000) await new Promise((resolve) => setImmediate(resolve))
        const target = slowTarget()
        const pumping = pump(server, target.handle, undefined, SCRIPT_LINE_ENDS)
        client.end(text.slice(70_000))
        await pumping.done
        assert.equal(pumping.moved, text.length)
        assert.equal(target.digest(), sha(Buffer.from(text.replaceAll('\r\n', '\n'))))
        server.destroy()
      })

    test(`${name}: half of a line end is not kept of a text that is lost`, async () => {
      const { client, server } = await pair()
      client.on('error', () => undefined)
      const controller = new AbortController()
      const target = slowTarget()
      const pumping = pump(server, target.handle, controller.signal, SCRIPT_LINE_ENDS)
      client.write('a line\r\nanother\r')
      while (pumping.moved < 16) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(new Error('aborted'))
      await assert.rejects(pumping.done, /aborted/)
      assert.equal(target.digest(), sha(Buffer.from('a line\nanother')))
      client.destroy()
    })

    test(`${name}: what the socket had read before is not lost`, async () => {
      const { client, server } = await pair()
      const content = randomBytes(300_000)
      client.write(content.subarray(0, 1000))
      server.read(0)
      while (server.readableLength < 1000) await new Promise((resolve) => setImmediate(resolve))
      const target = slowTarget()
      const pumping = pump(server, target.handle)
      client.end(content.subarray(1000))
      await pumping.done
      assert.equal(pumping.moved, content.length)
      assert.equal(target.digest(), sha(content))
      server.destroy()
    })

    test(`${name}: a write that fails ends it, and nothing is written behind it`, async () => {
      const { client, server } = await pair()
      client.on('error', () => undefined)
      const target = slowTarget((position) => position > MiB)
      const pumping = pump(server, target.handle)
      client.write(randomBytes(8 * MiB))
      await assert.rejects(pumping.done, /disk full/)
      assert.ok(target.end <= 4 * MiB)
      client.destroy()
    })

    test(`${name}: an abort keeps what has come`, async () => {
      const { client, server } = await pair()
      client.on('error', () => undefined)
      const content = randomBytes(200_000)
      const controller = new AbortController()
      const target = slowTarget()
      const pumping = pump(server, target.handle, controller.signal)
      client.write(content)
      while (pumping.moved < content.length) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(new Error('aborted'))
      await assert.rejects(pumping.done, /aborted/)
      assert.equal(target.digest(), sha(content))
      client.destroy()
    })

    test(`${name}: a disk that stands still stops the peer`, async () => {
      const { client, server } = await pair()
      client.on('error', () => undefined)
      const controller = new AbortController()
      const { promise, resolve } = Promise.withResolvers<void>()
      const pumping = pump(server, { writev: () => promise } as unknown as WriteHandle, controller.signal)
      client.write(Buffer.alloc(64 * MiB))
      let before = -1
      for (let same = 0; same < 100; same = pumping.moved === before && before > 0 ? same + 1 : 0) {
        before = pumping.moved
        await new Promise((next) => setImmediate(next))
      }
      assert.ok(pumping.moved <= 4 * MiB, String(pumping.moved))
      controller.abort(new Error('aborted'))
      resolve()
      await assert.rejects(pumping.done, /aborted/)
      client.destroy()
    })
  }
})
