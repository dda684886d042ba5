import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Append, LineFile } from '../../src/observe/line-file.ts'

const newPath = () => join(mkdtempSync(join(tmpdir(), 'lines-')), 'audit.jsonl')
const bytes = (text: string) => Buffer.from(text)

/** A disk with room for so many bytes; like a real one it takes what fits and refuses the rest the next time. */
function disk(room: number): { room: number; append: Append } {
  const state = { room, append }
  async function append(fd: number, lines: Uint8Array) {
    if (state.room === 0)
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    const count = writeSync(fd, lines.subarray(0, state.room))
    state.room -= count
    return count
  }
  return state
}

test('a disk that fills up in the middle of a line gets none of it, and the whole line when there is room', async () => {
  const path = newPath()
  const full = disk(7)
  const file = new LineFile(path, full.append)
  const refused = await file.append(bytes('one\ntwo\nthree\n'))
  assert.equal(readFileSync(path, 'utf8'), 'one\n')
  assert.equal(refused?.left.toString(), 'two\nthree\n')
  full.room = 100
  assert.equal(await file.append(refused.left), undefined)
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n')
  await file.close()
})

test('a rotation while the disk is full leaves whole lines in both files', async () => {
  const path = newPath()
  const full = disk(6)
  const file = new LineFile(path, full.append)
  const refused = await file.append(bytes('one\ntwo\n'))
  renameSync(path, `${path}.1`)
  await file.reopen()
  full.room = 100
  await file.append(refused?.left ?? bytes('nothing was refused\n'))
  await file.close()
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\n')
  assert.equal(readFileSync(path, 'utf8'), 'two\n')
})

test('a rotation in the middle of an append waits for its end in the old file', async () => {
  const path = newPath()
  const parts: (() => void)[] = []
  const slow: Append = (fd, lines) =>
    new Promise((resolve) => parts.push(() => resolve(writeSync(fd, lines.subarray(0, 5)))))
  const file = new LineFile(path, slow)
  const appended = file.append(bytes('one\ntwo\n'))
  const next = async () => {
    while (parts.length === 0) await new Promise(setImmediate)
    parts.shift()?.()
  }
  await next()
  renameSync(path, `${path}.1`)
  const reopened = file.reopen()
  await next()
  await Promise.all([appended, reopened])
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\ntwo\n')
  assert.equal(readFileSync(path, 'utf8'), '')
  await file.close()
})

test('half a line that a crash left stands alone', async () => {
  const path = newPath()
  writeFileSync(path, 'one\ntw')
  const file = new LineFile(path)
  await file.append(bytes('three\n'))
  await file.append(bytes('four\n'))
  await file.close()
  assert.equal(readFileSync(path, 'utf8'), 'one\ntw\nthree\nfour\n')
})

test('a file that another program goes on with is only appended to', async () => {
  const path = newPath()
  const file = new LineFile(path)
  await file.append(bytes('one\n'))
  appendFileSync(path, 'two\n')
  await file.append(bytes('three\n'))
  await file.close()
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n')
})

test('what comes after the close is refused', async () => {
  const file = new LineFile(newPath())
  await file.close()
  const refused = await file.append(bytes('late\n'))
  assert.equal(refused?.left.toString(), 'late\n')
})

test('a file that cannot be opened keeps the old one in use', async () => {
  const path = newPath()
  const file = new LineFile(path)
  renameSync(path, `${path}.1`)
  // Not by its mode: root may open any file.
  mkdirSync(path)
  await assert.rejects(file.reopen(), { code: 'EISDIR' })
  await file.append(bytes('one\n'))
  await file.close()
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\n')
})
