import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Link } from '../../src/ftp/link.ts'
import { LinkStream } from '../../src/ftp/link-stream.ts'

/** A link on which a byte comes whenever it is told; `waits` says whether somebody wants one. */
function byteByByte() {
  const state: { waits: boolean; come: () => void } = { waits: false, come: () => undefined }
  const link: Link = {
    open: true,
    encrypted: true,
    descriptor: -1,
    more: false,
    send: () => 0,
    flush: () => true,
    receive(into, used) {
      into[used] = 0x61
      return 1
    },
    wait(_events, told) {
      state.waits = true
      state.come = told
    },
    rest() {
      state.waits = false
    },
    endSending() {},
    closeGently() {},
    close() {},
    cut() {},
  }
  return { link, state }
}

test('single bytes that nobody takes yet cost no more memory than they should', () => {
  const { link, state } = byteByByte()
  const stream = new LinkStream(link)
  stream.read(0)
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 2000 && state.waits; n += 1) state.come()
  const grown = process.memoryUsage().arrayBuffers - before
  assert.ok(grown < 4 * 1024 * 1024, `${grown} bytes`)
  assert.equal(stream.read()?.toString(), 'a'.repeat(2000))
  stream.destroy()
})
