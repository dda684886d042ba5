import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createDirectories } from '../../../src/storage/local/directories.ts'
import { openDescriptors } from '../../helpers/descriptors.ts'
import { createFakeClock } from '../../helpers/fake-clock.ts'

const CHILD = fileURLToPath(new URL('./descriptors-child.ts', import.meta.url))
const WALK = fileURLToPath(new URL('./many-directories-child.ts', import.meta.url))

function runWith(descriptors: number, script: string) {
  const command = `ulimit -n ${descriptors}; exec "${process.execPath}" "${script}"`
  const child = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
  assert.equal(child.status, 0, child.stderr)
  return JSON.parse(child.stdout)
}

test('when descriptors run out an operation is done or not, says so, and keeps nothing open', () => {
  const { wrong, done } = runWith(100, CHILD)
  assert.deepEqual(wrong, [])
  assert.ok(done > 100)
})

test('who walks more directories than there are descriptors leaves most of them to others', () => {
  const { kept } = runWith(200, WALK)
  assert.ok(kept > 0 && kept <= 200 / 8, `${kept} are kept`)
})

test('handles of a tree that was walked are given back when they are too old to be used again', async (t) => {
  const clock = createFakeClock()
  const directories = createDirectories({ max: 100, ttlMs: 1000, clock })
  t.after(() => directories.close())
  const before = openDescriptors()
  const walk = (name: string, count: number) => {
    for (let index = 0; index < count; index += 1)
      directories.add('/', `/${name}${index}`, openSync('/', 'r'))
  }
  walk('old', 50)
  assert.equal(openDescriptors() - before, 50)
  await clock.advance(1001)
  walk('new', 50)
  assert.equal(openDescriptors() - before, 50)
})
