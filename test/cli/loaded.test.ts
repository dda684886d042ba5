import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const helper = new URL('../helpers/loaded-packages.ts', import.meta.url).href

function loadedBy(...args: readonly string[]): ReadonlySet<string> {
  const { status, stderr } = spawnSync(process.execPath, ['--import', helper, main, ...args], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return new Set(JSON.parse(stderr.trim().split('\n').at(-1) ?? ''))
}

const LARGE = [
  'ssh2',
  'zod',
  'yaml',
  'pino',
  'qrcode',
  '@peculiar/x509',
  'src/server',
  'src/state',
  'src/storage',
]

test('a verb that needs no server loads none: what is large would be most of its time', () => {
  for (const args of [['--help'], ['version'], ['user', 'add', '--help']]) {
    const loaded = loadedBy(...args)
    assert.ok(loaded.has('commander') && loaded.has('src/cli'), 'what is loaded is seen')
    assert.deepEqual(
      LARGE.filter((name) => loaded.has(name)),
      [],
      args.join(' '),
    )
  }
})
