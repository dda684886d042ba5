// The connection is cut at every packet and in the middle of it, from the first byte of the identification to the last
// request, with uploads, downloads and listings open and while keys are exchanged: nothing may be left of it.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { AnyAuthMethod, AuthHandlerMiddleware, Client } from 'ssh2'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import { packet, string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { type Cut, createCutProxy } from '../helpers/cut-proxy.ts'
import { createLocalUnderTest } from '../helpers/local-storage.ts'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { connect, openFile, openSubsystem, type RawClient, wrap } from '../helpers/sftp-raw-client.ts'
import { startSftp } from '../helpers/sftp-server.ts'
import { mount, withChanges } from '../helpers/vfs.ts'

const KIB = 1024
const [READ, NEW] = [1, 0x1a]
const ENTRIES = 600
const SOME = Buffer.alloc(100 * KIB, 'some')

const counts = { transfers: 0, listings: 0, listed: 0 }

/** Counts what is opened, so that its end can be looked for. */
function counted(files: VfsSession): VfsSession {
  return withChanges(files, {
    async openRead(...args) {
      const handle = await files.openRead(...args)
      counts.transfers += 1
      return handle
    },
    async openWrite(...args) {
      const handle = await files.openWrite(...args)
      counts.transfers += 1
      return handle
    },
    async *list(path) {
      counts.listings += 1
      try {
        yield* files.list(path)
      } finally {
        counts.listed += 1
      }
    },
  })
}

const { storage, root, close } = await createLocalUnderTest()
mkdirSync(join(root, 'many'))
for (let n = 0; n < ENTRIES; n += 1) writeFileSync(join(root, 'many', `entry-${n}`), '')
writeFileSync(join(root, 'large'), Buffer.alloc(400 * KIB))
const server = await startSftp({ storage, mounts: [mount('/', root)], wrap: counted })
const proxy = await createCutProxy(server.port)
after(async () => {
  await proxy.close()
  await server.close()
  await close()
})

/** Files that the process has open below the root; of folders the driver keeps some in mind. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const path = `/proc/self/fd/${fd}`
      return readlinkSync(path).startsWith(root) && !statSync(path).isDirectory()
    } catch {
      return false
    }
  })
}

/** A session that does everything, in small packets; the keys are exchanged anew in the middle of it. */
async function work(raw: RawClient): Promise<void> {
  const inside = raw.client as unknown as { _protocol: { rekey(): void } }
  raw.sendBytes(packet(1, uint32(3)))
  await raw.receive()
  const upload = await openFile(raw, '/up', NEW)
  const download = await openFile(raw, '/large', READ)
  const opened = await raw.ask(11, string('/many'))
  const folder = Buffer.from(opened.body.string())
  raw.send(12, 1, string(folder))
  raw.send(6, 2, string(upload), uint64(0), string(SOME))
  raw.send(5, 3, string(download), uint64(0), uint32(200 * KIB))
  for (let reply = 0; reply < 3; reply += 1) await raw.receive()
  inside._protocol.rekey()
  raw.send(6, 4, string(upload), uint64(SOME.length), string(SOME))
  raw.send(5, 5, string(download), uint64(200 * KIB), uint32(200 * KIB))
  raw.send(12, 6, string(folder))
  for (let reply = 0; reply < 3; reply += 1) await raw.receive()
  await raw.ask(4, string(upload))
  await raw.ask(4, string(download))
}

/** Everything that a client may try: nothing, a wrong password, and then what is asked. */
function tries(): AuthHandlerMiddleware {
  const username = 'alice'
  const all: AnyAuthMethod[] = [
    { type: 'none', username },
    { type: 'password', username, password: 'wrong' },
    {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _text, _language, _prompts, answer) => answer([PASSWORD]),
    },
  ]
  return (_left, _partial, next) => {
    const method = all.shift()
    if (method !== undefined) next(method)
  }
}

/** Runs until the work is done or the connection has gone, then waits for the server to have cleaned up. */
async function session(cut: Cut | undefined): Promise<void> {
  proxy.cutAt(cut)
  const before = server.connections.length
  let client: Client | undefined
  try {
    client = await connect(proxy.port, { authHandler: tries() })
    const gone = new Promise<void>((resolve) => client?.once('close', () => resolve()))
    const channel = await Promise.race([openSubsystem(client), gone])
    if (channel) await Promise.race([work(wrap(client, channel)), gone])
  } catch {
    // Cut before it was logged in, or while a channel was opened.
  }
  client?.destroy()
  assert.equal(server.connections.length, before + 1)
  await server.connections.at(-1)?.done
}

/** Nothing is left of any session up to now. */
function assertNothingLeft(what: string): void {
  assert.equal(server.open(), 0, `${what}: sessions`)
  assert.deepEqual(openFiles(), [], `${what}: open files`)
  assert.equal(counts.listed, counts.listings, `${what}: listings`)
  const ended = server.session.events.filter(({ type }) => type === 'file.transfer').length
  assert.equal(ended, counts.transfers, `${what}: transfers that the audit knows the end of`)
  assert.deepEqual(
    server.logged.filter(({ level }) => level === 'error'),
    [],
    what,
  )
}

/** Each end of a piece, and its middle. */
function places(ends: readonly number[]): readonly number[] {
  const all = ends.flatMap((end, index) => [Math.floor((end + (ends[index - 1] ?? 0)) / 2), end])
  return [...new Set([0, 1, ...all])]
}

await session(undefined)
assertNothingLeft('whole')
const whole = proxy.recorded()

for (const direction of ['toServer', 'toClient'] as const) {
  test(`cut on the way ${direction}, at ${places(whole[direction]).length} places`, async () => {
    for (const [index, place] of places(whole[direction]).entries()) {
      await session({ direction, after: place, how: index % 3 === 0 ? 'end' : 'reset' })
      assertNothingLeft(`${direction} cut after ${place} bytes`)
    }
  })
}

test('the whole dialogue goes through afterwards', async () => {
  const transfers = counts.transfers
  await session(undefined)
  assert.equal(counts.transfers, transfers + 2)
  assertNothingLeft('at the end')
  assert.equal(statSync(join(root, 'up')).size, 2 * SOME.length)
})

test('a client that leaves while it is answered has broken no rule', async () => {
  const before = server.events.length
  const client = await connect(server.port)
  const leaving = wrap(client, await openSubsystem(client))
  leaving.sendBytes(packet(1, uint32(3)))
  await leaving.receive()
  const socket = Reflect.get(client, '_sock')
  // In one read: requests, and the word that the connection ends.
  socket.cork()
  for (let id = 0; id < 5; id += 1) leaving.send(17, id, string('/'))
  client.end()
  socket.uncork()
  await server.connections.at(-1)?.done
  assert.deepEqual(server.events.slice(before), [])
})
