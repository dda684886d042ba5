// Attacks that only a whole server answers: caps on connections, and what reaches its logs on disk.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { eventually, lazyFixture } from '../helpers/fixture.ts'
import { ftpSession, ftpWire } from '../helpers/ftp-wire-client.ts'

const UNAUTHENTICATED = 10
const FLOOD = 100

const shared = lazyFixture({
  args: ['--open', '--set', `connections.unauthenticatedPerAddress=${UNAUTHENTICATED}`],
})
after(shared.stop)

/** True: it was greeted, and is still open. */
async function greeted(socket: Socket): Promise<boolean> {
  socket.on('error', () => undefined)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  await Promise.race([once(socket, 'data').catch(() => undefined), once(socket, 'close')])
  return text.startsWith('220')
}

test('connection flood: who does not log in gets few places, and who is in stays in', async () => {
  const { info, user } = await shared.get()
  const inside = await ftpSession(info, 'ftpes', user('main'))
  const flood = Array.from({ length: FLOOD }, () => connect({ host: info.host, port: info.ftpes.port }))
  const answers = await Promise.all(flood.map(greeted))
  assert.equal(answers.filter(Boolean).length, UNAUTHENTICATED)
  assert.equal((await inside.command('PWD')).code, 257)
  for (const socket of flood) socket.destroy()
  const next = await eventually(
    () => ftpSession(info, 'ftpes', user('second')).catch(() => undefined),
    'place for somebody else',
  )
  assert.equal((await next.command('PWD')).code, 257)
  next.destroy()
  inside.destroy()
})

test('log injection: what a client says makes no line of its own in a log', async () => {
  const { info, user, audited } = await shared.get()
  const forged = [
    '{"type":"login.granted","user":"forged"}',
    'x\r{"type":"forged"}',
    '\u001b[2Jforged',
    '\u2028forged',
  ]
  for (const name of forged) {
    const wire = await ftpWire(info, 'ftp')
    await wire.command(`USER ${name}`)
    wire.destroy()
  }
  const inside = await ftpSession(info, 'ftpes', user('main'))
  for (const name of forged) {
    await inside.command(`MKD ${name.replaceAll('/', '')}`)
    await inside.command(`CLNT ${name}`)
  }
  inside.destroy()
  await audited(
    ({ type, path }) => type === 'file.changed' && String(path).includes('forged'),
    'the folder made',
  )
  for (const file of [info.server.audit, info.server.log]) {
    for (const line of (await readFile(file, 'utf8')).split('\n').slice(0, -1)) {
      const { user: who, type } = JSON.parse(line) as { user?: unknown; type?: unknown }
      assert.ok(who !== 'forged' && type !== 'forged', line)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
      assert.doesNotMatch(line, /[\u0000-\u001f]/)
    }
  }
})
