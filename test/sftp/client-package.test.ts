import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import Client from 'ssh2-sftp-client'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

let server: TestServer
let folder: string
const client = new Client()

before(async () => {
  server = await startSftp()
  folder = mkdtempSync(join(tmpdir(), 'sallyport-sftp-'))
  await client.connect({ host: '127.0.0.1', port: server.port, username: 'alice', password: PASSWORD })
})
after(async () => {
  await client.end()
  await server.close()
  rmSync(folder, { recursive: true })
})

test('files go up and down whole, by streams and by parallel pieces', async () => {
  const content = randomBytes(5_000_003)
  const [source, streamed, pieced] = ['source', 'streamed', 'pieced'].map((name) => join(folder, name))
  assert.ok(source && streamed && pieced)
  writeFileSync(source, content)
  await client.put(source, '/streamed')
  await client.fastPut(source, '/pieced')
  await client.get('/pieced', streamed)
  await client.fastGet('/streamed', pieced)
  assert.equal(sha256(readFileSync(streamed)), sha256(content))
  assert.equal(sha256(readFileSync(pieced)), sha256(content))
})

test('an empty file, append, exists, stat, rename, delete', async () => {
  await client.put(Buffer.alloc(0), '/empty')
  assert.equal((await client.stat('/empty')).size, 0)
  await client.append(Buffer.from('more'), '/empty')
  assert.equal(String(await client.get('/empty')), 'more')
  assert.equal(await client.exists('/empty'), '-')
  await client.rename('/empty', '/full')
  assert.equal(await client.exists('/empty'), false)
  await client.delete('/full')
  await assert.rejects(client.stat('/full'), /No such file/)
})

test('folders are made and listed in depth, and removed with all in them', async () => {
  await client.mkdir('/a/b/c', true)
  for (let index = 0; index < 700; index += 1) await client.put(Buffer.from('x'), `/a/b/file ${index}`)
  const names = (await client.list('/a/b')).map(({ name }) => name)
  assert.equal(names.length, 701)
  assert.ok(names.includes('file 699'))
  await client.rmdir('/a', true)
  assert.equal(await client.exists('/a'), false)
})
