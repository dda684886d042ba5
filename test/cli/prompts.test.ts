import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { OperatorError } from '../../src/cli/failure.ts'
import { createTerminal } from '../../src/cli/terminal.ts'

/** A terminal with somebody at the keys; `shown` is all that the screen got. */
function createScreen(isTTY = true) {
  const keys = Object.assign(new PassThrough(), { isTTY })
  const screen = Object.assign(new PassThrough(), { isTTY: false })
  const prompts = Object.assign(new PassThrough(), { isTTY })
  let shown = ''
  prompts.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  return {
    terminal: createTerminal({ stdin: keys, stdout: screen, stderr: prompts }),
    keys,
    shown: () => shown,
  }
}

test('a password is not shown while it is typed', async () => {
  const { terminal, keys, shown } = createScreen()
  const answer = terminal.askSecret('Password: ', '--stdin')
  keys.write('correct horse\r')
  assert.equal(await answer, 'correct horse')
  assert.equal(shown(), 'Password: \n')
})

test('any other answer is', async () => {
  const { terminal, keys, shown } = createScreen()
  const answer = terminal.ask('Sure? ', '--yes')
  keys.write('yes\r')
  assert.equal(await answer, 'yes')
  assert.match(shown(), /Sure\? .*yes/s)
})

test('Ctrl-C and Ctrl-D cancel with a message', async () => {
  for (const key of ['\u0003', '\u0004']) {
    const { terminal, keys } = createScreen()
    const answer = terminal.askSecret('Password: ', '--stdin')
    keys.write(key)
    await assert.rejects(answer, /Cancelled; nothing was changed/)
  }
})

test('without a terminal nothing is asked', async () => {
  const { terminal } = createScreen(false)
  await assert.rejects(terminal.ask('Sure? ', '--yes'), (error: OperatorError) => {
    assert.match(error.message, /There is no terminal to ask "Sure\?" on/)
    assert.match(error.remedy, /or use --yes\.$/)
    return true
  })
})

test('standard input is read up to its limit', async () => {
  const short = createScreen(false)
  short.keys.end('abc')
  assert.equal(await short.terminal.readInput(3), 'abc')
  const long = createScreen(false)
  long.keys.end('abcd')
  await assert.rejects(long.terminal.readInput(3), /longer than 3 bytes/)
})
