// Files that others change while they are read and written: what a client gets was in the file, and nothing is made up.
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import { string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { createLocalUnderTest, LOCAL_DEFAULTS } from '../helpers/local-storage.ts'
import { openFile, openRaw, type RawClient, statusOf } from '../helpers/sftp-raw-client.ts'
import { startSftp } from '../helpers/sftp-server.ts'
import { mount, withChanges } from '../helpers/vfs.ts'

const KIB = 1024
const SIZE = 200 * KIB
const [READ, WRITE, NEW] = [1, 2, 0x1a]
const EOF = 1

/** What happens to the file between two steps of one READ; cleared when it has happened. */
const between: { happen: (() => void) | undefined } = { happen: undefined }

/** Reads give half of what is asked for first, as a slow disk may, at once or later. */
function inSteps(files: VfsSession): VfsSession {
  return withChanges(files, {
    async openRead(path) {
      const handle = await files.openRead(path)
      return {
        get size() {
          return handle.size
        },
        stat: () => handle.stat(),
        close: () => handle.close(),
        read(into, position) {
          const { happen } = between
          if (happen === undefined) return handle.read(into, position)
          between.happen = undefined
          const first = handle.read(into.subarray(0, Math.ceil(into.length / 2)), position)
          happen()
          return first
        },
      }
    },
  })
}

for (const kind of ['with the addon', 'without the addon']) {
  const native = kind === 'with the addon' ? LOCAL_DEFAULTS.native : undefined
  suite(kind, async () => {
    const { storage, root, close } = await createLocalUnderTest({ native, inPlaceWrites: true })
    const server = await startSftp({ storage, mounts: [mount('/', root)], wrap: inSteps })
    after(async () => {
      await server.close()
      await close()
    })
    const file = join(root, 'file')

    async function withFile(
      content: Buffer,
      flags: number,
      work: (raw: RawClient, handle: Buffer) => unknown,
    ) {
      writeFileSync(file, content)
      const raw = await openRaw(server.port)
      await work(raw, await openFile(raw, '/file', flags))
      await raw.end()
    }

    async function read(raw: RawClient, handle: Buffer, offset: number, length: number) {
      const reply = await raw.ask(5, string(handle), uint64(offset), uint32(length))
      return reply.type === 103 ? Buffer.from(reply.body.string()) : statusOf(reply)
    }

    test('a file that is cut between two READs gives what is left, then its end', () =>
      withFile(Buffer.alloc(SIZE, 'a'), READ, async (raw, handle) => {
        assert.equal((await read(raw, handle, 0, 32 * KIB)).toString().length, 32 * KIB)
        truncateSync(file, 40 * KIB)
        assert.deepEqual(await read(raw, handle, 32 * KIB, 32 * KIB), Buffer.alloc(8 * KIB, 'a'))
        assert.equal(await read(raw, handle, 40 * KIB, 32 * KIB), EOF)
      }))

    test('a file that is cut in the middle of a READ gives no more than was in it', () =>
      withFile(Buffer.alloc(SIZE, 'a'), READ, async (raw, handle) => {
        between.happen = () => truncateSync(file, 0)
        const got = await read(raw, handle, 0, SIZE)
        assert.ok(Buffer.isBuffer(got))
        // What is behind the half is gone; nothing of the pool's old content may be in its place.
        assert.deepEqual(got, Buffer.alloc(SIZE / 2, 'a'))
        assert.equal(await read(raw, handle, SIZE / 2, SIZE), EOF)
      }))

    test('a file that grows in the middle of a READ, and after its end was met, gives the new bytes', () =>
      withFile(Buffer.alloc(KIB, 'a'), READ, async (raw, handle) => {
        between.happen = () => appendFileSync(file, Buffer.alloc(KIB, 'b'))
        const grown = Buffer.concat([Buffer.alloc(KIB, 'a'), Buffer.alloc(KIB, 'b')])
        assert.deepEqual(await read(raw, handle, 0, 4 * KIB), grown)
        assert.equal(await read(raw, handle, 2 * KIB, KIB), EOF)
        appendFileSync(file, 'c')
        assert.deepEqual(await read(raw, handle, 2 * KIB, KIB), Buffer.from('c'))
        const stat = await raw.ask(8, string(handle))
        stat.body.uint32()
        assert.equal(Number(stat.body.uint64()), 2 * KIB + 1)
      }))

    test('a file that is edited in place and cut by others has a hole, as on any disk', () =>
      withFile(Buffer.alloc(4 * KIB, 'a'), WRITE, async (raw, handle) => {
        const write = async (offset: number, text: string) =>
          statusOf(await raw.ask(6, string(handle), uint64(offset), string(text)))
        assert.equal(await write(4 * KIB, 'before'), 0)
        truncateSync(file, 2)
        assert.equal(await write(8, 'after'), 0)
        assert.equal(statusOf(await raw.ask(4, string(handle))), 0)
        assert.equal(readFileSync(file, 'utf8'), 'aa\0\0\0\0\0\0after')
      }))

    test('another session that cuts the file in place is seen by the one that writes', () =>
      withFile(Buffer.alloc(4 * KIB, 'a'), WRITE, async (raw, handle) => {
        const other = await openRaw(server.port)
        const cut = await other.ask(9, string('/file'), uint32(1), uint64(3))
        assert.equal(statusOf(cut), 0)
        assert.equal(statusOf(await raw.ask(6, string(handle), uint64(3), string('new'))), 0)
        assert.equal(statusOf(await raw.ask(4, string(handle))), 0)
        assert.equal(readFileSync(file, 'utf8'), 'aaanew')
        await other.end()
      }))

    test('a staged upload does not care what others do to the file that it will replace', () =>
      withFile(Buffer.alloc(4 * KIB, 'a'), NEW, async (raw, handle) => {
        assert.equal(statusOf(await raw.ask(6, string(handle), uint64(0), string('whole'))), 0)
        truncateSync(file, 1)
        assert.equal(statusOf(await raw.ask(4, string(handle))), 0)
        assert.equal(readFileSync(file, 'utf8'), 'whole')
      }))

    test('sizes set between WRITEs that do not wait for each other take their turn', () =>
      withFile(Buffer.alloc(0), NEW, async (raw, handle) => {
        raw.send(6, 1, string(handle), uint64(0), string('0123456789'))
        raw.send(10, 2, string(handle), uint32(1), uint64(4))
        raw.send(6, 3, string(handle), uint64(6), string('x'))
        raw.send(10, 4, string(handle), uint32(1), uint64(8))
        raw.send(4, 5, string(handle))
        for (let id = 1; id <= 5; id += 1) assert.equal(statusOf(await raw.receive()), 0)
        assert.equal(readFileSync(file, 'latin1'), '0123\0\0x\0')
        assert.equal(statSync(file).size, 8)
      }))
  })
}
