import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLsFormat } from '../../../src/core/vfs/ls-line.ts'
import type { Entry } from '../../../src/core/vfs/storage.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const plain: Entry = {
  name: 'report.csv',
  kind: 'file',
  size: 1234,
  mtimeMs: Date.UTC(2026, 10, 9, 8, 5),
  atimeMs: 0,
  mode: 0o644,
  uid: 1000,
  gid: 1000,
  links: 1,
  device: 1,
  inode: 1,
}
const line = (entry: Partial<Entry>) => createLsFormat(NOW)({ ...plain, ...entry })

test('lines look like those of ls', () => {
  assert.equal(line({}), '-rw-r--r--    1 ftp      ftp              1234 Nov  9 08:05 report.csv')
  assert.equal(
    line({ kind: 'directory', mode: 0o755, links: 12, name: 'in' }),
    'drwxr-xr-x   12 ftp      ftp              1234 Nov  9 08:05 in',
  )
  assert.match(line({ kind: 'symlink', mode: 0o777 }), /^lrwxrwxrwx .* report\.csv$/)
  assert.match(line({ kind: 'other', mode: 0 }), /^p--------- /)
  assert.match(line({ mode: 0o7521 }), /^-r-x-w---x /)
})

test('the year stands for the time when the entry is old or from the future', () => {
  assert.match(line({ mtimeMs: Date.UTC(2026, 5, 1) }), / Jun {2}1 00:00 /)
  assert.match(line({ mtimeMs: Date.UTC(2026, 4, 1) }), / May {2}1 {2}2026 /)
  assert.match(line({ mtimeMs: 0 }), / Jan {2}1 {2}1970 /)
  assert.match(line({ mtimeMs: -1 }), / Dec 31 {2}1969 /)
  assert.match(line({ mtimeMs: NOW + 30_000 }), / Nov 21 12:00 /)
  assert.match(line({ mtimeMs: NOW + 86_400_000 }), / Nov 22 {2}2026 /)
  // Beyond four digits, and beyond what Date knows.
  for (const mtimeMs of [3e14, 9e15]) assert.match(line({ mtimeMs }), / Dec 31 {2}9999 /)
  for (const mtimeMs of [-1e14, -9e15]) assert.match(line({ mtimeMs }), / Jan {2}1 {5}0 /)
})

test('one formatter says of each entry what a new one would', () => {
  const format = createLsFormat(NOW)
  const edges = [NOW - 15_778_476_000, NOW + 60_000, 0, NOW, Date.UTC(2026, 0, 31, 23, 59, 59, 999)]
  const times = edges.flatMap((edge) =>
    [-60_000, -1, 0, 1, 999, 30_000, 59_999, 60_000].map((by) => edge + by),
  )
  const kinds = ['file', 'directory', 'symlink'] as const
  for (const [index, mtimeMs] of [...times, ...times.toReversed()].entries()) {
    const kind = kinds[index % kinds.length]
    assert.ok(kind)
    const entry = { ...plain, mtimeMs, kind, mode: index % 4 === 0 ? 0o600 : 0o644, size: 10 ** (index % 15) }
    assert.equal(format(entry), createLsFormat(NOW)(entry))
  }
})

test('a name cannot make a second line', () => {
  assert.ok(line({ name: 'a\r\n-rw b\u0085' }).endsWith(' a??-rw b?'))
})
