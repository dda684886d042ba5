import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { matchesWildcard } from '../../src/core/wildcard.ts'
import { allowedTarget } from '../../src/ftp/active.ts'
import { type Convert, fromNetwork, toNetwork } from '../../src/ftp/ascii.ts'
import { isPattern } from '../../src/ftp/glob.ts'
import { SCRIPT_LINE_ENDS } from '../../src/ftp/line-ends.ts'
import { parseOffset } from '../../src/ftp/offsets.ts'
import { formatReply, quoted, reply } from '../../src/ftp/replies.ts'
import { usedWith } from '../../src/ftp/slab-text.ts'
import { giveSlab, SMALL_SLAB, takeSlab } from '../../src/ftp/slabs.ts'
import { formatTime, parseTime } from '../../src/ftp/times.ts'
import { native, needsNative } from '../helpers/native.ts'

const LINE_ENDS = [
  ['script', SCRIPT_LINE_ENDS, {}],
  ['addon', native, needsNative],
] as const

function convert({ push, end }: Convert, text: string, cut: number): string {
  const input = Buffer.from(text)
  const at = Math.min(cut, input.length)
  return Buffer.concat(
    // A result is good until the next one.
    [() => push(input.subarray(0, at)), () => push(input.subarray(at)), end].map((part) =>
      Buffer.from(part()),
    ),
  ).toString()
}
const lines = fc.array(fc.constantFrom('a', '\r', '\n', 'é')).map((parts) => parts.join(''))

describe('ASCII', () => {
  for (const [name, ends, needs] of LINE_ENDS) {
    test(`${name}: line ends change as RFC 959 says, wherever the pieces end`, needs, () => {
      assert.ok(ends)
      fc.assert(
        fc.property(lines, fc.nat(20), (text, cut) => {
          assert.equal(convert(toNetwork(ends), text, cut), text.replace(/(?<!\r)\n/g, '\r\n'))
          assert.equal(convert(fromNetwork(ends), text, cut), text.replaceAll('\r\n', '\n'))
        }),
      )
    })

    test(`${name}: so they do in memory that is filled piece by piece`, needs, () => {
      assert.ok(ends)
      fc.assert(
        fc.property(fc.array(lines, { maxLength: 6 }), (pieces) => {
          const slab = takeSlab(SMALL_SLAB)
          let used = 0
          for (const piece of pieces) {
            const bytes = Buffer.from(piece)
            slab.rest(used).set(bytes)
            used = usedWith(ends, slab, used, bytes.length)
          }
          assert.equal(Buffer.from(slab.filled(used)).toString(), pieces.join('').replaceAll('\r\n', '\n'))
          giveSlab(slab)
        }),
      )
    })
  }
})

describe('replies', () => {
  test('nothing in a text ends its line or looks like the last one', () => {
    assert.equal(formatReply(reply(257, `${quoted('/a"b\r\n230 in')} made`)), '257 "/a""b??230 in" made\r\n')
    assert.equal(formatReply(reply(211, 'a', '211 b', ' c', 'd')), '211-a\r\n 211 b\r\n c\r\n211 d\r\n')
  })
})

describe('times', () => {
  test('go both ways', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253402300799 }), (seconds) => {
        assert.equal(parseTime(formatTime(seconds * 1000)), seconds * 1000)
      }),
    )
    // A file system may keep more, and the listing of its folder must not fail for it.
    for (const ms of [3e14, 9e15]) assert.equal(formatTime(ms), '99991231235959')
    for (const ms of [-1e14, -9e15]) assert.equal(formatTime(ms), '00000101000000')
    assert.equal(parseTime('20200101000000.5'), Date.UTC(2020, 0, 1) + 500)
    for (const bad of ['', '2020', '20200230000000', '20200101250000', '20200101000000x', ' 20200101000000'])
      assert.equal(parseTime(bad), undefined, bad)
  })
})

describe('offsets', () => {
  test('are exact numbers or nothing', () => {
    assert.equal(parseOffset('9007199254740991'), 2 ** 53 - 1)
    assert.equal(parseOffset('5000000000'), 5_000_000_000)
    for (const bad of ['', '-1', '1.5', '0x1', '1e3', '9007199254740993', '99999999999999999', ' 1'])
      assert.equal(parseOffset(bad), undefined, bad)
  })
})

describe('globs', () => {
  test('match as the shell does', () => {
    assert.ok(matchesWildcard('*.tx?', 'a.b.txt'))
    assert.ok(matchesWildcard('a*b*c', 'aXbYbZc'))
    assert.ok(!matchesWildcard('a*b', 'ac'))
    assert.ok(matchesWildcard('*', ''))
    assert.ok(!matchesWildcard('?', ''))
    assert.ok(!isPattern('*'.repeat(300)))
  })

  test('a bomb takes no time', () => {
    assert.ok(!matchesWildcard(`${'*a'.repeat(120)}b`, 'a'.repeat(255)))
  })
})

describe('active targets', () => {
  test('only the client itself, above the privileged ports', () => {
    assert.ok(allowedTarget({ host: '192.0.2.1', port: 1024 }, '192.0.2.1'))
    assert.ok(allowedTarget({ host: '2001:DB8:0::1', port: 5000 }, '2001:db8::1'))
    assert.ok(!allowedTarget({ host: '192.0.2.1', port: 1023 }, '192.0.2.1'))
    assert.ok(!allowedTarget({ host: '192.0.2.2', port: 5000 }, '192.0.2.1'))
    assert.ok(!allowedTarget({ host: '192.0.2.1', port: 70_000 }, '192.0.2.1'))
  })
})
