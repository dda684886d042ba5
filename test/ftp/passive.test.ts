import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import type { DataLink } from '../../src/ftp/data-link.ts'
import { openDescriptorNet } from '../../src/ftp/descriptor-net.ts'
import { type DescriptorPort, openDescriptorPort } from '../../src/ftp/descriptor-port.ts'
import { openPassive, type PassiveOptions, type PassivePort } from '../../src/ftp/passive.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { startFtpServer } from '../helpers/ftp-server.ts'
import { native } from '../helpers/native.ts'

const OPTIONS: PassiveOptions = { localIp: '127.0.0.1', peerIp: '127.0.0.1', ports: { from: 0, to: 0 } }
const NEVER = new AbortController().signal
const KEEP_MS = 10_000
/** Who must not stay is dropped by then, at the latest. */
const STRANGER_MS = 200
/** On a machine that is busy with other things it may take longer. */
const PATIENCE_MS = 20 * STRANGER_MS

/** Whether the server lets a connection to the port be; undefined when nobody listens there. */
async function knock(
  { port, host = '127.0.0.1' }: { port: number; host?: string },
  { from, connected, ms = PATIENCE_MS }: { from?: string; connected?: () => Promise<void>; ms?: number } = {},
): Promise<'dropped' | 'kept' | undefined> {
  const socket = connect({ port, host, ...(from !== undefined && { localAddress: from }) })
  try {
    await once(socket, 'connect')
    await connected?.()
    socket.setTimeout(ms)
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

type Port = PassivePort | DescriptorPort
type Open = (options: PassiveOptions) => Promise<Port>

function closeArrived(arrived: Socket | DataLink): void {
  if ('destroy' in arrived) arrived.destroy()
  else arrived.close()
}

async function use(port: Port): Promise<void> {
  const client = connect(port.port, '127.0.0.1')
  closeArrived(await port.accept(NEVER))
  client.destroy()
}

const net = openDescriptorNet(native, systemClock)
after(() => net?.close())
const WAYS: Readonly<Record<string, Open>> = {
  "of Node's": openPassive,
  ...(net && { 'of the addon': async (options: PassiveOptions) => openDescriptorPort(net, options) }),
}

for (const [way, open] of Object.entries(WAYS)) {
  describe(`passive ports ${way}`, () => {
    test('a port lets one connection in for each time it is armed, and drops all others', async () => {
      const port = await open(OPTIONS)
      assert.equal(await knock(port, { from: '127.0.0.2' }), 'dropped')
      await use(port)
      assert.equal(await knock(port), 'dropped')
      assert.equal(port.arm(), true)
      assert.equal(await knock(port, { ms: 2 * STRANGER_MS }), 'kept')
      assert.equal(await knock(port), 'dropped')
      assert.equal(port.arm(), false)
      const arrived = port.take()
      assert.ok(arrived)
      closeArrived(arrived)
      port.close()
      assert.equal(await knock(port), undefined)
      assert.equal(port.arm(), false)
    })

    test('a port of a narrow range is given back with its first connection', async () => {
      const spare = await open(OPTIONS)
      spare.close()
      const port = await open({ ...OPTIONS, ports: { from: spare.port, to: spare.port } })
      await use(port)
      assert.equal(port.arm(), false)
      assert.equal(await knock(port), undefined)
    })

    test('no port serves for ever', async () => {
      const port = await open(OPTIONS)
      let uses = 0
      do {
        await use(port)
        uses += 1
      } while (port.arm())
      assert.ok(uses > 1 && uses <= 64, String(uses))
      port.close()
    })

    test('who has come by mistake does not take the place of who is let in', async () => {
      const port = await open(OPTIONS)
      await use(port)
      const early = connect(port.port, '127.0.0.1').on('error', () => undefined)
      await once(early, 'connect')
      assert.equal(port.arm(), true)
      const stranger = connect({ port: port.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
      stranger.on('error', () => undefined)
      await once(stranger, 'connect')
      const wanted = connect(port.port, '127.0.0.1')
      const arrived = await port.accept(NEVER)
      closeArrived(arrived)
      await once(wanted, 'close')
      for (const other of [early, stranger]) if (!other.destroyed) await once(other.resume(), 'close')
      port.close()
    })

    test('a port waits for who comes late, and no longer than it may', async () => {
      const port = await open(OPTIONS)
      const waiting = port.accept(NEVER)
      const client = connect(port.port, '127.0.0.1')
      closeArrived(await waiting)
      client.destroy()
      assert.equal(port.arm(), true)
      const controller = new AbortController()
      const vain = port.accept(controller.signal)
      controller.abort(new Error('enough'))
      await assert.rejects(vain, /enough/)
      port.close()
      await assert.rejects(port.accept(controller.signal), /enough/)
    })

    test('where no port is free, or no such address, it says so', async () => {
      const taken = await open(OPTIONS)
      const ports = { from: taken.port, to: taken.port }
      await assert.rejects(open({ ...OPTIONS, ports }), { code: 'transfer.no-data-connection' })
      await assert.rejects(open({ ...OPTIONS, localIp: '192.0.2.1' }), {
        code: 'transfer.no-data-connection',
      })
      taken.close()
    })

    test('a port on IPv6 knows its client', async () => {
      const port = await open({ ...OPTIONS, localIp: '::1', peerIp: '::1' })
      const client = connect(port.port, '::1')
      closeArrived(await port.accept(NEVER))
      client.destroy()
      assert.equal(await knock({ port: port.port, host: '::1' }), 'dropped')
      port.close()
    })
  })
}

for (const [way, native] of Object.entries({ with: true, without: false })) {
  describe(`passive ports of a session, ${way} the addon`, () => {
    test('a session keeps its port from transfer to transfer, not without one, and not for long', async () => {
      const clock = createFakeClock()
      const server = await startFtpServer({ clock, native })
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

    test('who has connected to a kept port before it is named again does not take the place of the client', async () => {
      const server = await startFtpServer({ native })
      const client = await connectFtp(server)
      await client.login('legacy')
      const port = Number(/\|(\d+)\|/.exec(await client.send('EPSV'))?.[1])
      for (let n = 0; n < 10; n += 1) {
        const data = connect(port, server.host)
        assert.match(await client.send('STOR a'), /^150/)
        data.end('content')
        assert.match((await client.reply()) ?? '', /^226/)
        client.write('EPSV\r\n')
        const early = connect(port, server.host)
        early.on('error', () => undefined)
        assert.match((await client.reply()) ?? '', new RegExp(`\\|${port}\\|`))
        early.end()
      }
      assert.match(await client.send('SIZE a'), /^213 7$/)
      client.destroy()
      await server.close()
    })

    test('a port that is kept is closed when nothing was transferred for a while', async () => {
      const clock = createFakeClock()
      const server = await startFtpServer({ clock, native })
      const client = await connectFtp(server)
      await client.login('legacy')
      await client.upload('STOR a', 'some')
      const port = Number(/\|(\d+)\|/.exec(await client.send('EPSV'))?.[1])
      const data = connect(port, server.host)
      assert.match(await client.send('RETR a'), /^150/)
      data.resume()
      await once(data, 'close')
      assert.match((await client.reply()) ?? '', /^226/)
      const connected = () => clock.advance(STRANGER_MS)
      assert.equal(await knock({ port }, { connected }), 'dropped')
      await clock.advance(KEEP_MS)
      assert.equal(await knock({ port }), undefined)
      client.destroy()
      await server.close()
    })
  })
}
