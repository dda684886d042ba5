// Whatever arrives before a login: memory stays bounded and somebody else still works.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { type Fixture, lazyFixture } from '../helpers/fixture.ts'
import { ftpSession } from '../helpers/ftp-wire-client.ts'
import { attemptLogin } from '../helpers/login-attempt.ts'

const MIB = 1024 * 1024
const FLOOD_BYTES = 64 * MIB
const HALF_OPEN = 100
/** Memory that a flood before any login may cost, above an idle server. */
const ALLOWED_GROWTH_KIB = 100 * 1024

const shared = lazyFixture({
  args: [
    '--open',
    '--set',
    'connections.unauthenticated=1000',
    '--set',
    'connections.unauthenticatedPerAddress=1000',
    '--set',
    'connections.perAddress=1000',
  ],
})
after(shared.stop)

async function residentKib(fixture: Fixture): Promise<number> {
  const status = await readFile(`/proc/${fixture.info.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1])
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.on('error', () => {})
      socket.resume()
      resolve(socket)
    })
  })
}

/** Sends until all is sent or the server has had enough. */
async function flood(socket: Socket, block: Buffer, total: number): Promise<void> {
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  for (let sent = 0; sent < total && !socket.destroyed; sent += block.length) {
    if (!socket.write(block)) {
      await Promise.race([new Promise<void>((resolve) => socket.once('drain', () => resolve())), gone])
    }
  }
  socket.destroy()
}

async function othersWork(fixture: Fixture): Promise<void> {
  const second = fixture.user('second')
  const ftp = await ftpSession(fixture.info, 'ftpes', second)
  assert.equal((await ftp.command('PWD')).code, 257)
  ftp.destroy()
  assert.equal((await attemptLogin(fixture.info, 'sftp', second)).granted, true)
}

function ports(fixture: Fixture): readonly (readonly [string, number])[] {
  const { ftp, ftpes, ftps, sftp } = fixture.info
  return Object.entries({ ftp, ftpes, ftps, sftp }).flatMap(([name, entry]) =>
    entry === undefined ? [] : [[name, entry.port] as const],
  )
}

async function bounded(fixture: Fixture, action: () => Promise<void>): Promise<void> {
  await othersWork(fixture)
  const before = await residentKib(fixture)
  await action()
  const grown = (await residentKib(fixture)) - before
  assert.ok(grown < ALLOWED_GROWTH_KIB, `memory grew by ${Math.round(grown / 1024)} MiB`)
  await othersWork(fixture)
}

test('64 MiB without a newline', async (t) => {
  const fixture = await shared.get()
  for (const [name, port] of ports(fixture)) {
    await t.test(`on ${name}`, () =>
      bounded(fixture, async () => flood(await open(port), Buffer.alloc(MIB, 'A'), FLOOD_BYTES)),
    )
  }
})

test('random bytes', async (t) => {
  const fixture = await shared.get()
  for (const [name, port] of ports(fixture)) {
    await t.test(`on ${name}`, () =>
      bounded(fixture, async () => {
        for (let round = 0; round < 20; round += 1) {
          await flood(await open(port), randomBytes(8192), 65_536)
        }
      }),
    )
  }
})

test('handshakes that stop half way', async (t) => {
  const fixture = await shared.get()
  // The first bytes of a TLS record that announces more than comes; on SSH, an identification and nothing after it.
  const starts: Readonly<Record<string, string | Buffer>> = {
    ftp: 'USER x',
    ftpes: 'AUTH TLS\r\n',
    ftps: Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]),
    sftp: 'SSH-2.0-Half\r\n',
  }
  for (const [name, port] of ports(fixture)) {
    await t.test(`on ${name}`, () =>
      bounded(fixture, async () => {
        const sockets = await Promise.all(Array.from({ length: HALF_OPEN }, () => open(port)))
        for (const socket of sockets) socket.write(starts[name] ?? '')
        await othersWork(fixture)
        for (const socket of sockets) socket.destroy()
      }),
    )
  }
})
