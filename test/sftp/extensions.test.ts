import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { type Field, string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { openFile, openRaw, type RawClient, statusOf } from '../helpers/sftp-raw-client.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'
import { download, upload, withChanges } from '../helpers/vfs.ts'

const [OK, EOF, DENIED, FAILURE, BAD_MESSAGE, UNSUPPORTED] = [0, 1, 3, 4, 5, 8]
const READ = 1
const NEW = 2 | 8 | 16
const BOTH = 1 | 2
const APPEND = 2 | 4

let server: TestServer
let raw: RawClient

before(async () => {
  server = await startSftp()
  raw = await openRaw(server.port)
})
after(async () => {
  await raw.end()
  await server.close()
})

const files = () => server.session.files
const extended = (name: string, ...fields: Field[]) => raw.ask(200, string(name), ...fields)
const close = async (handle: Buffer) => statusOf(await raw.ask(4, string(handle)))

async function copy(from: Buffer, start: number, length: number, to: Buffer, offset: number) {
  const fields = [string(from), uint64(start), uint64(length), string(to), uint64(offset)]
  return statusOf(await extended('copy-data', ...fields))
}

test('copy-data copies to the end, a part, and behind the end of what is being written', async () => {
  await upload(files(), '/source', '0123456789')
  const from = await openFile(raw, '/source', READ)
  const to = await openFile(raw, '/copy', NEW)
  assert.equal(await copy(from, 0, 0, to, 0), OK)
  assert.equal(await copy(from, 4, 3, to, 10), OK)
  assert.equal(await copy(from, 8, 100, to, 13), EOF)
  assert.equal(await copy(from, 100, 0, to, 0), OK)
  assert.equal(await close(to), OK)
  assert.equal(await close(from), OK)
  assert.equal(await download(files(), '/copy'), '012345678945689')
})

test('copy-data keeps large content exact, and appends where the handle does', async () => {
  const content = Array.from({ length: 100_000 }, (_, line) => `line ${line}`).join('\n')
  await upload(files(), '/large', content)
  await upload(files(), '/log', 'before ')
  const from = await openFile(raw, '/large', READ)
  const to = await openFile(raw, '/log', APPEND)
  assert.equal(await copy(from, 0, 0, to, 3), OK)
  assert.equal(await close(to), OK)
  assert.equal(await close(from), OK)
  assert.equal(await download(files(), '/log'), `before ${content}`)
})

test('copy-data refuses wrong handles, overlaps and offsets beyond what is exact', async () => {
  await upload(files(), '/same', '0123456789')
  const same = await openFile(raw, '/same', BOTH)
  const from = await openFile(raw, '/same', READ)
  assert.equal(await copy(same, 0, 4, same, 2), FAILURE)
  assert.equal(await copy(same, 2, 4, same, 0), FAILURE)
  assert.equal(await copy(same, 0, 0, same, 9), FAILURE)
  assert.equal(await copy(same, 0, 4, same, 4), OK)
  assert.equal(await copy(from, 0, 0, same, 2 ** 53 - 2), FAILURE)
  assert.equal(await copy(same, 0, 1, from, 0), DENIED)
  assert.equal(await copy(Buffer.from('none'), 0, 1, same, 0), FAILURE)
  const unreadable = await openFile(raw, '/other', NEW)
  assert.equal(await copy(unreadable, 0, 1, same, 0), DENIED)
  for (const handle of [same, from, unreadable]) assert.equal(await close(handle), OK)
  assert.equal(await download(files(), '/same'), '0123012389')
})

test('a copy ends when its channel does', async () => {
  const step = Promise.withResolvers<void>()
  const reading = Promise.withResolvers<void>()
  let reads = 0
  const slow = await startSftp({
    wrap: (session) =>
      withChanges(session, {
        async openRead(path) {
          const file = await session.openRead(path)
          const size = 2 ** 40
          return {
            size,
            close: () => file.close(),
            stat: async () => ({ ...(await file.stat()), size }),
            async read(into) {
              reads += 1
              reading.resolve()
              await step.promise
              return Math.min(into.byteLength, 16)
            },
          }
        },
      }),
  })
  await upload(slow.session.files, '/endless', 'x')
  const client = await openRaw(slow.port)
  const from = await openFile(client, '/endless', READ)
  const to = await openFile(client, '/target', NEW)
  const fields = [string(from), uint64(0), uint64(0), string(to), uint64(0)]
  client.send(200, 1, string('copy-data'), ...fields)
  await reading.promise
  const ended = client.end()
  const [socket] = slow.sockets
  if (socket !== undefined) await once(socket, 'close')
  step.resolve()
  await ended
  await slow.close()
  assert.equal(slow.open(), 0)
  assert.ok(reads < 3, `${reads} reads after the end`)
})

async function checkFile(
  name: string,
  target: Buffer | string,
  wanted: readonly [string, number, number, number],
) {
  const [algorithms, from, length, block] = wanted
  const fields = [string(target), string(algorithms), uint64(from), uint64(length), uint32(block)]
  const reply = await extended(name, ...fields)
  if (reply.type !== 201) return statusOf(reply)
  assert.equal(reply.body.string().toString(), 'check-file')
  return [reply.body.string().toString(), reply.body.rest().toString('hex')]
}

const hex = (algorithm: string, ...blocks: string[]) =>
  blocks.map((block) => createHash(algorithm).update(block).digest('hex')).join('')

test('check-file gives digests of a range, whole or by blocks, by name and by handle', async () => {
  const content = 'a'.repeat(300) + 'b'.repeat(300)
  await upload(files(), '/sums', content)
  const handle = await openFile(raw, '/sums', READ)
  for (const [name, target] of [
    ['check-file-name', '/sums'],
    ['check-file-handle', handle],
    ['check-file', handle],
  ] as const) {
    const check = (...wanted: [string, number, number, number]) => checkFile(name, target, wanted)
    assert.deepEqual(await check('sha256', 0, 0, 0), ['sha256', hex('sha256', content)])
    assert.deepEqual(await check('crc32,sha512,md5', 300, 300, 0), ['sha512', hex('sha512', 'b'.repeat(300))])
    assert.deepEqual(await check('sha1', 0, 0, 300), ['sha1', hex('sha1', 'a'.repeat(300), 'b'.repeat(300))])
    assert.deepEqual(await check('md5', 100, 10_000, 256), [
      'md5',
      hex('md5', content.slice(100, 356), content.slice(356)),
    ])
    assert.deepEqual(await check('md5', 600, 0, 0), ['md5', hex('md5', '')])
    assert.equal(await check('md5', 601, 0, 0), FAILURE)
    assert.equal(await check('md5', 0, 0, 255), BAD_MESSAGE)
    assert.equal(await check('whirlpool', 0, 0, 0), UNSUPPORTED)
  }
  assert.equal(await close(handle), OK)
  const unreadable = await openFile(raw, '/sums2', NEW)
  assert.equal(await checkFile('check-file-handle', unreadable, ['md5', 0, 0, 0]), DENIED)
  assert.equal(await close(unreadable), OK)
})

test('check-file refuses more blocks than a reply has room for', async () => {
  await upload(files(), '/blocks', 'x'.repeat(256 * 4081))
  assert.equal(await checkFile('check-file-name', '/blocks', ['sha512', 0, 0, 256]), BAD_MESSAGE)
  const fits = await checkFile('check-file-name', '/blocks', ['sha512', 0, 256 * 4080, 256])
  assert.equal(Array.isArray(fits) && fits[1]?.length, 4080 * 128)
})

test('users-groups-by-id: one name for all, and no more ids than a page shows', async () => {
  const ids = (count: number) => string(Buffer.alloc(count * 4))
  const reply = await extended('users-groups-by-id@openssh.com', ids(2), ids(1))
  assert.equal(reply.type, 201)
  assert.equal(reply.body.string().toString(), '\0\0\0\x03ftp\0\0\0\x03ftp')
  assert.equal(reply.body.string().toString(), '\0\0\0\x03ftp')
  assert.equal(statusOf(await extended('users-groups-by-id@openssh.com', ids(4097), ids(0))), BAD_MESSAGE)
  const odd = await extended('users-groups-by-id@openssh.com', string('abc'), ids(0))
  assert.equal(statusOf(odd), BAD_MESSAGE)
})
