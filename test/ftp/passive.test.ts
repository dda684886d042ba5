import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { openPassive, type PassiveOptions, type PassivePort } from '../../src/ftp/passive.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { startFtpServer } from '../helpers/ftp-server.ts'

const OPTIONS: PassiveOptions = { localIp: '127.0.0.1', peerIp: '127.0.0.1', ports: { from: 0, to: 0 } }
const NEVER = new AbortController().signal
const KEEP_MS = 10_000

/** Whether the server lets a connection to the port be; undefined when nobody listens there. */
async function knock(
  { port }: { port: number },
  from = '127.0.0.1',
): Promise<'dropped' | 'kept' | undefined> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  try {
    await once(socket, 'connect')
    socket.setTimeout(200)
    socket.resume()
    return await Promise.race([
      once(socket, 'close').then(() => 'dropped' as const),
      once(socket, 'timeout').then(() => 'kept' as const),
    ])
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

async function use(port: PassivePort): Promise<void> {
  const client = connect(port.port, '127.0.0.1')
  const socket = await port.accept(NEVER)
  client.destroy()
  socket.destroy()
}

test('a port lets one connection in for each time it is armed, and drops all others', async () => {
  const port = await openPassive(OPTIONS)
  assert.equal(await knock(port, '127.0.0.2'), 'dropped')
  await use(port)
  assert.equal(await knock(port), 'dropped')
  assert.equal(port.arm(), true)
  assert.equal(await knock(port), 'kept')
  assert.equal(await knock(port), 'dropped')
  assert.equal(port.arm(), false)
  assert.notEqual(port.take(), undefined)
  port.close()
  assert.equal(await knock(port), undefined)
  assert.equal(port.arm(), false)
})

test('a port of a narrow range is given back with its first connection', async () => {
  const spare = await openPassive(OPTIONS)
  spare.close()
  const port = await openPassive({ ...OPTIONS, ports: { from: spare.port, to: spare.port } })
  await use(port)
  assert.equal(port.arm(), false)
  assert.equal(await knock(port), undefined)
})

test('no port serves for ever', async () => {
  const port = await openPassive(OPTIONS)
  let uses = 0
  do {
    await use(port)
    uses += 1
  } while (port.arm())
  assert.ok(uses > 1 && uses <= 64, String(uses))
  port.close()
})

test('a session keeps its port from transfer to transfer, not without one, and not for long', async () => {
  const clock = createFakeClock()
  const server = await startFtpServer({ clock })
  const client = await connectFtp(server)
  await client.login('legacy')
  const epsv = async () => Number(/\|(\d+)\|/.exec(await client.send('EPSV'))?.[1])
  const transfer = async () => {
    const port = await epsv()
    const data = connect(port, server.host)
    assert.match(await client.send('NLST'), /^150/)
    data.resume()
    await once(data, 'close')
    assert.match((await client.reply()) ?? '', /^226/)
    return port
  }
  const first = await transfer()
  assert.equal(await transfer(), first)
  assert.equal(await epsv(), first)
  const second = await epsv()
  assert.notEqual(second, first)
  assert.equal(await knock({ port: first }), undefined)
  client.destroy()
  await server.close()
})

test('a port that is kept is closed when nothing was transferred for a while', async () => {
  const clock = createFakeClock()
  const server = await startFtpServer({ clock })
  const client = await connectFtp(server)
  await client.login('legacy')
  await client.upload('STOR a', 'some')
  const port = Number(/\|(\d+)\|/.exec(await client.send('EPSV'))?.[1])
  const data = connect(port, server.host)
  assert.match(await client.send('RETR a'), /^150/)
  data.resume()
  await once(data, 'close')
  assert.match((await client.reply()) ?? '', /^226/)
  assert.equal(await knock({ port }), 'dropped')
  await clock.advance(KEEP_MS)
  assert.equal(await knock({ port }), undefined)
  client.destroy()
  await server.close()
})
