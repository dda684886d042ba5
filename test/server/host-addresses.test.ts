import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchHostAddresses } from '../../src/server/host-addresses.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

function setup() {
  const said: string[] = []
  const note = (_: object, message: string) => void said.push(message)
  const logger = { debug: note, info: note, warn: note, error: note }
  return { clock: createFakeClock(), logger, said }
}

test('a name is looked up again and again, and a failure keeps what was known', async () => {
  const { clock, logger, said } = setup()
  const answers = ['192.0.2.1', undefined, '192.0.2.2']
  const find = async () => {
    const answer = answers.shift()
    if (answer === undefined) throw new Error('no such name')
    return answer
  }
  const hosts = await watchHostAddresses(new Set(['a.test']), { clock, logger, find })
  assert.equal(hosts.of('a.test'), '192.0.2.1')
  assert.equal(hosts.of('b.test'), undefined)
  await clock.advance(60_000)
  assert.equal(hosts.of('a.test'), '192.0.2.1')
  await clock.advance(60_000)
  assert.equal(hosts.of('a.test'), '192.0.2.2')
  assert.deepEqual(said, [
    'passive address found',
    'passive address could not be looked up',
    'passive address found',
  ])
  hosts.close()
  assert.equal(clock.pending, 0)
})

test('a name server that does not answer does not keep the server from starting', async () => {
  const { clock, logger } = setup()
  const waiting = watchHostAddresses(new Set(['a.test']), {
    clock,
    logger,
    find: () => new Promise(() => undefined),
  })
  await clock.advance(5_000)
  const hosts = await waiting
  assert.equal(hosts.of('a.test'), undefined)
  hosts.close()
})

test('the system finds the address of localhost', async () => {
  const { clock, logger } = setup()
  const hosts = await watchHostAddresses(new Set(['localhost']), { clock, logger })
  assert.equal(hosts.of('localhost'), '127.0.0.1')
  hosts.close()
})
