import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ownState } from '../../src/state/sqlite-owner.ts'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-owner-'))
after(() => rm(folder, { recursive: true }))

test('a state file has one server at a time', async () => {
  const file = join(folder, 'deep', 'state.db')
  const first = ownState(file)
  assert.throws(() => ownState(file), { code: 'internal', message: /in use by another server/ })
  assert.equal((await stat(`${file}.owner`)).mode & 0o777, 0o600)
  const other = ownState(join(folder, 'other.db'))
  first.release()
  ownState(file).release()
  other.release()
})

test('a server that was killed leaves no lock behind, one that lives keeps its own', async (t) => {
  const file = join(folder, 'killed.db')
  const script = `
    import { ownState } from ${JSON.stringify(new URL('../../src/state/sqlite-owner.ts', import.meta.url))}
    globalThis.held = ownState(${JSON.stringify(file)})
    console.log('held')
    setInterval(() => undefined, 1000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(() => ownState(file), /in use by another server/)
  child.kill('SIGKILL')
  await ended
  ownState(file).release()
})

test('a place that cannot be written is named', async () => {
  await writeFile(join(folder, 'file'), '')
  assert.throws(() => ownState(join(folder, 'file', 'state.db')), {
    code: 'internal',
    message: /cannot be locked: .* must be able to write to .*state\.db\.owner and its folder\.$/,
  })
})
