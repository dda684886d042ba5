import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TurnEnd } from '../../src/sftp/turn-end.ts'

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Notes each time that it is done, and does `then` at it. */
function task(done: string[], name: string, then: () => void = () => {}) {
  return {
    turnEnded() {
      done.push(name)
      then()
    },
  }
}

test('each task is done once a turn, in order, however often it was asked for', async () => {
  const turnEnd = new TurnEnd()
  const done: string[] = []
  const [first, second] = [task(done, 'first'), task(done, 'second')]
  for (const each of [first, second, first, second]) turnEnd.call(each)
  assert.deepEqual(done, [], 'not before the turn ends')
  await settled()
  assert.deepEqual(done.splice(0), ['first', 'second'])
  turnEnd.call(first)
  await settled()
  assert.deepEqual(done, ['first'])
})

test('what is asked for while a turn is held is done at its release, and what that asks for as well', () => {
  const turnEnd = new TurnEnd()
  const done: string[] = []
  const last = task(done, 'last')
  const first = task(done, 'first', () => {
    turnEnd.call(last)
    // It has been done, so it may be asked for again.
    if (done.length < 3) turnEnd.call(first)
  })
  turnEnd.hold()
  turnEnd.call(first)
  turnEnd.call(first)
  assert.deepEqual(done, [])
  turnEnd.release()
  assert.deepEqual(done, ['first', 'last', 'first', 'last'])
})

test('a task that throws leaves the others to the next turn', async () => {
  const turnEnd = new TurnEnd()
  const done: string[] = []
  const failing = task(done, 'failing', () => assert.fail('on purpose'))
  turnEnd.hold()
  turnEnd.call(failing)
  turnEnd.call(task(done, 'behind'))
  assert.throws(() => turnEnd.release(), /on purpose/)
  turnEnd.hold()
  turnEnd.release()
  assert.deepEqual(done, ['failing', 'behind'])
})
