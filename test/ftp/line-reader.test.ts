import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type LineItem, LineReader } from '../../src/ftp/line-reader.ts'

const LIMIT = 64

function read(bytes: Buffer, cuts: readonly number[] = []): LineItem[] {
  const items: LineItem[] = []
  const reader = new LineReader(LIMIT, (item) => items.push(item))
  let from = 0
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    reader.feed(bytes.subarray(from, cut))
    from = Math.max(from, cut)
  }
  return items
}
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const line = (text: string): LineItem => ({ kind: 'line', text })

describe('line reader', () => {
  test('CR LF and LF end a line; CR NUL and CR CR are a CR', () => {
    assert.deepEqual(read(bytes('A\r\nB\nC\r\0D\r\rE\r\n')), [line('A'), line('B'), line('C\rD\r\rE')])
  })

  test('telnet commands are taken out', () => {
    assert.deepEqual(read(bytes('N\xff\xfb\x01O\xff\xfa\x18\x00abc\xff\xf0O\xff\xf1P\n')), [line('NOOP')])
    assert.deepEqual(read(bytes('\xff\xf4\xff\xf2ABOR\r\n')), [line('ABOR')])
  })

  test('what a Synch leaves when its urgent byte went elsewhere', () => {
    assert.deepEqual(read(bytes('\xff\xf4\xf2ABOR\r\n')), [line('ABOR')])
    assert.deepEqual(read(bytes('\xff\xf4\xffABOR\r\n')), [line('ABOR')])
    // IP was the urgent byte, or both IP and DM were.
    assert.deepEqual(read(bytes('\xff\xff\xf2ABOR\r\n')), [line('ABOR')])
    assert.deepEqual(read(bytes('\xff\xffABOR\r\n')), [line('ABOR')])
    assert.deepEqual(read(bytes('ABOR\r')), [line('ABOR')])
    assert.deepEqual(read(bytes('abor\r\nNOOP\r\n')), [line('abor'), line('NOOP')])
  })

  test('CR CR LF ends a line, and takes no CR from a name', () => {
    assert.deepEqual(read(bytes('CWD a\r\r\nPWD\r\r\r\n')), [line('CWD a'), line('PWD')])
    assert.deepEqual(read(bytes('\r\r\nNOOP\r\n')), [line(''), line('NOOP')])
    assert.deepEqual(read(bytes('MKD a\r\0\r\n')), [line('MKD a\r')])
    assert.deepEqual(read(bytes('MKD a\r\0\r\r\n')), [line('MKD a\r')])
    assert.deepEqual(read(bytes('MKD a\r\rb\r\n')), [line('MKD a\r\rb')])
    assert.deepEqual(read(bytes('MKD a\r\rb\r\r\n')), [line('MKD a\r\rb')])
    assert.deepEqual(read(bytes('ABOR\r\r\nNOOP\r\r\n')), [line('ABOR'), line('NOOP')])
    const longest = 'x'.repeat(LIMIT)
    assert.deepEqual(read(bytes(`${longest}y\r\r\nNOOP\r\n`)), [{ kind: 'too-long' }, line('NOOP')])
  })

  test('only UTF-8 is text', () => {
    assert.deepEqual(read(Buffer.from('MKD é\n')), [line('MKD é')])
    assert.deepEqual(read(bytes('MKD \xe9\n')), [{ kind: 'garbled' }])
    assert.deepEqual(read(bytes('MKD \xc0\xaf\n')), [{ kind: 'garbled' }])
    assert.deepEqual(read(bytes('MKD \xff\xff\n')), [{ kind: 'garbled' }])
    // A name in Latin 1: without its 0xFF it would be another.
    assert.deepEqual(read(bytes('MKD a\xffb\nMKD a\xff\r\n')), [{ kind: 'garbled' }, { kind: 'garbled' }])
  })

  test('a line of the limit passes, a longer one is told once, and the next is whole again', () => {
    const longest = 'x'.repeat(LIMIT)
    assert.deepEqual(read(bytes(`${longest}\r\n${longest}y\r\nNOOP\r\n`)), [
      line(longest),
      { kind: 'too-long' },
      line('NOOP'),
    ])
  })

  test('a line without an end is a flood', () => {
    const kinds = read(bytes('x'.repeat(LIMIT * 100))).map((item) => item.kind)
    assert.deepEqual(kinds, ['too-long', 'flood'])
    assert.deepEqual(read(bytes(`\xff\xfa${'x'.repeat(LIMIT * 100)}`)), [{ kind: 'flood' }])
  })

  test('any cut gives the same items', () => {
    const special = fc.constantFrom(0x0d, 0x0a, 0x00, 0xff, 0xf2, 0xf4, 0xfa, 0xf0, 0xfb, 0x41, 0xc3, 0xa9)
    const stream = fc.array(fc.oneof(special, fc.integer({ min: 0, max: 255 })), { maxLength: 300 })
    fc.assert(
      fc.property(stream, fc.array(fc.nat(300)), (input, cuts) => {
        const all = Buffer.from(input)
        const within = cuts.map((cut) => Math.min(cut, all.length))
        assert.deepEqual(read(all, within), read(all))
        assert.deepEqual(read(all, [...all.keys()]), read(all))
      }),
    )
  })

  test('what stands behind a line is seen while the line is told', () => {
    const seen: boolean[] = []
    const reader: LineReader = new LineReader(LIMIT, () => seen.push(reader.pending))
    for (const text of ['AUTH TLS\r\n', 'AUTH TLS\r\nU', 'SER x\r\n', 'ABOR\r', 'X\n\xffX\n'])
      reader.feed(bytes(text))
    assert.deepEqual(seen, [false, true, false, false, true, false])
    assert.equal(reader.pending, false)
  })

  test('words come out as they went in', () => {
    const word = fc
      .string({ unit: 'grapheme', maxLength: 15 })
      .filter((text) => !/[\r\n]/.test(text) && Buffer.byteLength(`Z${text}`) <= LIMIT)
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const input = Buffer.from(words.map((text) => `Z${text}\r\n`).join(''))
        assert.deepEqual(
          read(input),
          words.map((text) => line(`Z${text}`)),
        )
      }),
    )
  })
})
