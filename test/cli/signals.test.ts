import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createSignals } from '../../src/cli/signals.ts'

function send(...names: readonly NodeJS.Signals[]): void {
  for (const name of names) process.emit(name, name)
}

test('signals wait for who asks; reloads that pile up count once', async (t) => {
  const signals = createSignals()
  t.after(signals.close)
  send('SIGHUP', 'SIGHUP', 'SIGTERM')
  await signals.next('reload')
  await signals.next('stop')
  assert.equal(await Promise.race([signals.next('reload'), turn('nothing')]), 'nothing')
  send('SIGHUP')
  assert.equal(await Promise.race([signals.next('stop'), turn('nothing')]), 'nothing')
})

test('the Ctrl-C that npm passes on is not a second one', async (t) => {
  const signals = createSignals()
  t.after(signals.close)
  send('SIGINT', 'SIGINT')
  await signals.next('stop')
  assert.equal(await Promise.race([signals.next('stop'), turn('nothing')]), 'nothing')
})

test('nothing is listened to after the end', () => {
  const before = process.listenerCount('SIGTERM')
  const signals = createSignals()
  assert.equal(process.listenerCount('SIGTERM'), before + 1)
  signals.close()
  assert.equal(process.listenerCount('SIGTERM'), before)
})
