import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('./descriptors-child.ts', import.meta.url))

test('when descriptors run out an operation is done or not, says so, and keeps nothing open', () => {
  const command = `ulimit -n 100; exec "${process.execPath}" "${CHILD}"`
  const child = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
  assert.equal(child.status, 0, child.stderr)
  const { wrong, done } = JSON.parse(child.stdout)
  assert.deepEqual(wrong, [])
  assert.ok(done > 100)
})
