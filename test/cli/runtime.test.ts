import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { OLDEST_NODE, runtimeProblem } from '../../src/cli/runtime.ts'

test('an older Node is named, with what is needed', () => {
  for (const old of ['20.20.2', '23.11.0', '24.6.0']) {
    assert.match(
      runtimeProblem(old) ?? '',
      new RegExp(`needs Node 24\\.7 or newer; this is Node ${old}\\.\n`),
    )
  }
  for (const good of ['24.7.0', '24.21.0', '25.0.0', process.versions.node]) {
    assert.equal(runtimeProblem(good), undefined, good)
  }
})

test('package.json asks for the same', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.equal(engines.node, `>=${OLDEST_NODE.join('.')}`)
})
