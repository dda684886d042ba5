import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { byte, type Field, string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { openFile, openRaw, type RawClient, statusOf } from '../helpers/sftp-raw-client.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'
import { at, download, upload } from '../helpers/vfs.ts'

const OK = 0
const EOF = 1
const NO_SUCH_FILE = 2
const DENIED = 3
const FAILURE = 4
const BAD_MESSAGE = 5
const UNSUPPORTED = 8
const FLAGS = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 }
const NEW = FLAGS.write | FLAGS.create | FLAGS.truncate

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
const close = async (handle: Buffer) => statusOf(await raw.ask(4, string(handle)))
const write = async (handle: Buffer, offset: number, text: string) =>
  statusOf(await raw.ask(6, string(handle), uint64(offset), string(text)))

async function read(handle: Buffer, offset: number, length: number): Promise<string | number> {
  const reply = await raw.ask(5, string(handle), uint64(offset), uint32(length))
  return reply.type === 103 ? reply.body.string().toString() : Number(statusOf(reply))
}

async function name(type: number, ...fields: Field[]): Promise<string | number> {
  const reply = await raw.ask(type, ...fields)
  if (reply.type !== 104) return Number(statusOf(reply))
  assert.equal(reply.body.uint32(), 1)
  return reply.body.string().toString()
}

test('an upload appears under its name at CLOSE, not before', async () => {
  const handle = await openFile(raw, '/a.txt', NEW)
  assert.equal(await write(handle, 0, 'hello'), OK)
  const other = await openRaw(server.port)
  assert.equal(statusOf(await other.ask(17, string('/a.txt'))), NO_SUCH_FILE)
  await other.end()
  assert.equal(await close(handle), OK)
  assert.equal(await download(files(), '/a.txt'), 'hello')
  assert.equal(await close(handle), FAILURE)
})

test('who uploads finds the file by path at once, and sets its attributes there, as sshfs does', async () => {
  const handle = await openFile(raw, '/seen', NEW)
  assert.equal(await write(handle, 0, 'hello'), OK)
  const looked = await raw.ask(7, string('/seen'))
  assert.equal(looked.type, 105)
  looked.body.uint32()
  assert.equal(looked.body.uint64(), 5)
  assert.equal(statusOf(await raw.ask(9, string('/seen'), uint32(1), uint64(4))), OK)
  assert.equal(statusOf(await raw.ask(9, string('/seen'), uint32(8), uint32(11), uint32(22))), OK)
  assert.equal(await close(handle), OK)
  assert.equal(await download(files(), '/seen'), 'hell')
  assert.equal((await files().stat(at('/seen'))).mtimeMs, 22_000)
})

test('pieces of an upload may come in any order', async () => {
  const handle = await openFile(raw, '/order', NEW)
  raw.send(6, 1, string(handle), uint64(6), string('world'))
  raw.send(6, 2, string(handle), uint64(0), string('hello '))
  raw.send(4, 3, string(handle))
  const replies = [await raw.receive(), await raw.receive(), await raw.receive()]
  assert.deepEqual(
    replies.map((reply) => [reply.id, statusOf(reply)]),
    [
      [1, OK],
      [2, OK],
      [3, OK],
    ],
  )
  assert.equal(await download(files(), '/order'), 'hello world')
})

test('bytes behind the data of a WRITE do not count, as Go clients send them', async () => {
  const handle = await openFile(raw, '/go', NEW)
  const fields = [string(handle), uint64(0), uint32(2), uint32(0x61626364)]
  assert.equal(statusOf(await raw.ask(6, ...fields)), OK)
  assert.equal(await close(handle), OK)
  assert.equal(await download(files(), '/go'), 'ab')
})

test('READ gives what is there, then EOF', async () => {
  await upload(files(), '/r', '0123456789')
  const handle = await openFile(raw, '/r', FLAGS.read)
  assert.equal(await read(handle, 0, 4), '0123')
  assert.equal(await read(handle, 8, 100), '89')
  assert.equal(await read(handle, 10, 1), EOF)
  assert.equal(await read(handle, 2 ** 40, 1), EOF)
  assert.equal(await read(handle, 0, 0), '')
  assert.equal(await read(handle, 10, 0), '')
  assert.equal(await write(handle, 0, 'x'), DENIED)
  assert.equal(await close(handle), OK)
})

test('open flags: EXCL, APPEND, none, READ|WRITE, flags without WRITE', async () => {
  await upload(files(), '/f', 'first')
  const open = (path: string, flags: number) => raw.ask(3, string(path), uint32(flags), uint32(0))
  assert.equal(statusOf(await open('/f', NEW | FLAGS.exclusive)), FAILURE)
  assert.equal(statusOf(await open('/none', FLAGS.write)), NO_SUCH_FILE)
  assert.equal(statusOf(await open('/f', FLAGS.read | FLAGS.truncate)), BAD_MESSAGE)
  const append = await openFile(raw, '/f', FLAGS.write | FLAGS.append)
  assert.equal(await write(append, 0, ' second'), OK)
  assert.equal(await close(append), OK)
  assert.equal(await download(files(), '/f'), 'first second')
  const both = await openFile(raw, '/f', FLAGS.read | FLAGS.write)
  assert.equal(await write(both, 0, 'FIRST'), OK)
  assert.equal(await read(both, 0, 12), 'FIRST second')
  assert.equal(await close(both), OK)
  const plain = await openFile(raw, '/f', 0)
  assert.equal(await read(plain, 0, 5), 'FIRST')
  assert.equal(await close(plain), OK)
  const unreadable = await openFile(raw, '/f', FLAGS.write)
  assert.equal(await read(unreadable, 0, 5), DENIED)
  assert.equal(await close(unreadable), OK)
})

test('directories: MKDIR, OPENDIR, READDIR with long names, RMDIR', async () => {
  assert.equal(statusOf(await raw.ask(14, string('/dir'), uint32(0))), OK)
  assert.equal(statusOf(await raw.ask(14, string('/dir'), uint32(0))), FAILURE)
  await upload(files(), '/dir/x', 'abc')
  const opened = await raw.ask(11, string('/dir'))
  const handle = Buffer.from(opened.body.string())
  const { type, body } = await raw.ask(12, string(handle))
  assert.equal(type, 104)
  assert.equal(body.uint32(), 1)
  assert.equal(body.string().toString(), 'x')
  assert.match(body.string().toString(), /^-rw-r--r-- +1 ftp +ftp +3 Jan 15 12:00 x$/)
  assert.equal(statusOf(await raw.ask(12, string(handle))), EOF)
  assert.equal(statusOf(await raw.ask(12, string(handle))), EOF)
  assert.equal(await close(handle), OK)
  assert.equal(statusOf(await raw.ask(15, string('/dir'))), FAILURE)
  assert.equal(statusOf(await raw.ask(13, string('/dir/x'))), OK)
  assert.equal(statusOf(await raw.ask(15, string('/dir'))), OK)
  assert.equal(statusOf(await raw.ask(11, string('/dir'))), NO_SUCH_FILE)
})

test('REALPATH answers with a name also where nothing is', async () => {
  assert.equal(await name(16, string('.')), '/')
  assert.equal(await name(16, string('')), '/')
  assert.equal(await name(16, string('a/../b/./c')), '/b/c')
  assert.equal(await name(16, string('/../../etc')), '/etc')
})

test('attributes: STAT, LSTAT, FSTAT, SETSTAT, FSETSTAT', async () => {
  await upload(files(), '/s', 'size')
  const attributes = async (type: number, target: string | Buffer) => {
    const reply = await raw.ask(type, string(target))
    assert.equal(reply.type, 105)
    assert.equal(reply.body.uint32(), 0x0f)
    const size = reply.body.uint64()
    reply.body.uint64()
    return { size, mode: reply.body.uint32(), atime: reply.body.uint32(), mtime: reply.body.uint32() }
  }
  assert.equal(statusOf(await raw.ask(9, string('/s'), uint32(8), uint32(11), uint32(22))), OK)
  assert.deepEqual(await attributes(17, '/s'), { size: 4, mode: 0o100644, atime: 11, mtime: 22 })
  assert.equal((await attributes(7, '/s')).mode, 0o100644)
  assert.equal((await attributes(17, '/')).mode & 0o170000, 0o040000)
  const handle = await openFile(raw, '/s', FLAGS.write)
  assert.equal(statusOf(await raw.ask(10, string(handle), uint32(1), uint64(2))), OK)
  assert.equal((await attributes(8, handle)).size, 2)
  assert.equal(await close(handle), OK)
  assert.equal((await attributes(17, '/s')).size, 2)
  assert.equal(statusOf(await raw.ask(9, string('/s'), uint32(2), uint32(0), uint32(0))), DENIED)
  assert.equal(statusOf(await raw.ask(9, string('/s'), uint32(0))), OK)
  assert.equal(statusOf(await raw.ask(9, string('/none'), uint32(8), uint32(1), uint32(1))), NO_SUCH_FILE)
})

test('RENAME keeps an existing target, posix-rename replaces it', async () => {
  await upload(files(), '/from', 'new')
  await upload(files(), '/to', 'old')
  assert.equal(statusOf(await raw.ask(18, string('/from'), string('/to'))), FAILURE)
  const posix = string('posix-rename@openssh.com')
  assert.equal(statusOf(await raw.ask(200, posix, string('/from'), string('/to'))), OK)
  assert.equal(await download(files(), '/to'), 'new')
  assert.equal(statusOf(await raw.ask(18, string('/to'), string('/moved'))), OK)
})

test('SYMLINK takes the target first, as OpenSSH sends it; READLINK tells it', async () => {
  await upload(files(), '/target', 'x')
  assert.equal(statusOf(await raw.ask(20, string('target'), string('/link'))), OK)
  assert.equal(await name(19, string('/link')), 'target')
  assert.equal(statusOf(await raw.ask(19, string('/target'))), await name(19, string('/target')))
})

test('extensions: limits, statvfs, fsync, hardlink, expand-path, home-directory', async () => {
  const limits = await raw.ask(200, string('limits@openssh.com'))
  assert.equal(limits.type, 201)
  const numbers = [0, 1, 2, 3].map(() => limits.body.uint64())
  assert.deepEqual(numbers, [262144, 261120, 261120, 8])
  const stats = await raw.ask(200, string('statvfs@openssh.com'), string('/'))
  assert.equal(stats.type, 201)
  assert.equal(stats.body.remaining, 88)
  const handle = await openFile(raw, '/sync', NEW)
  assert.equal(statusOf(await raw.ask(200, string('fsync@openssh.com'), string(handle))), OK)
  assert.equal((await raw.ask(200, string('fstatvfs@openssh.com'), string(handle))).type, 201)
  assert.equal(await close(handle), OK)
  const link = await raw.ask(200, string('hardlink@openssh.com'), string('/sync'), string('/hard'))
  assert.ok([OK, UNSUPPORTED, DENIED].includes(Number(statusOf(link))))
  assert.equal(await name(200, string('expand-path@openssh.com'), string('~/a')), '/a')
  assert.equal(await name(200, string('home-directory'), string('')), '/')
  assert.equal(statusOf(await raw.ask(200, string('no-such@example.com'))), UNSUPPORTED)
})

test('malformed requests get BAD_MESSAGE, unknown ones OP_UNSUPPORTED, and the channel goes on', async () => {
  assert.equal(statusOf(await raw.ask(17)), BAD_MESSAGE)
  assert.equal(statusOf(await raw.ask(17, uint32(0xffffffff))), BAD_MESSAGE)
  assert.equal(statusOf(await raw.ask(17, uint32(2), byte(0xc3), byte(0x28))), BAD_MESSAGE)
  assert.equal(statusOf(await raw.ask(17, string('a\0b'))), BAD_MESSAGE)
  assert.equal(statusOf(await raw.ask(6, string('nonsense'))), BAD_MESSAGE)
  assert.equal(statusOf(await raw.ask(6)), BAD_MESSAGE)
  assert.equal(statusOf(await raw.ask(5, string('0123'), uint64(0), uint32(1))), FAILURE)
  assert.equal(statusOf(await raw.ask(99)), UNSUPPORTED)
  const handle = await openFile(raw, '/m', NEW)
  const beyond = await raw.ask(5, string(handle), uint32(0xffffffff), uint32(0), uint32(1))
  assert.equal(statusOf(beyond), BAD_MESSAGE)
  const lying = await raw.ask(6, string(handle), uint64(0), uint32(10), byte(1))
  assert.equal(statusOf(lying), BAD_MESSAGE)
  assert.equal(await close(handle), OK)
})

test('handles are bounded, and worth nothing on another channel', async () => {
  const other = await openRaw(server.port)
  const handles: Buffer[] = []
  for (let index = 0; index < 8; index += 1) handles.push(await openFile(raw, `/h${index}`, NEW))
  assert.equal(statusOf(await raw.ask(3, string('/h9'), uint32(NEW), uint32(0))), FAILURE)
  const [first = Buffer.alloc(0)] = handles
  assert.equal(statusOf(await other.ask(6, string(first), uint64(0), string('x'))), FAILURE)
  for (const handle of handles) assert.equal(await close(handle), OK)
  await other.end()
})

test('a commit that fails is reported by CLOSE', async () => {
  const older = await openFile(raw, '/twice', NEW)
  assert.equal(await write(older, 0, 'old'), OK)
  const newer = await openFile(raw, '/twice', NEW)
  assert.equal(await close(older), FAILURE)
  assert.equal(await write(newer, 0, 'new'), OK)
  assert.equal(await close(newer), OK)
})
