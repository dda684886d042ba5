import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'

const KEXINIT = 20
/** Behind the server's own line: length and length of the padding. */
const TYPE_AT = 'SSH-2.0-sftp\r\n'.length + 5

let server: TestServer

before(async () => {
  server = await startSftp()
})
after(() => server.close())

/** Says each piece when the server has read the one before; gives the type of the server's first packet, undefined for none. */
async function firstPacket(pieces: readonly string[]): Promise<number | undefined> {
  const socket = connect(server.port, '127.0.0.1')
  socket.setNoDelay(true)
  socket.on('error', () => {})
  let heard = Buffer.alloc(0)
  const [first] = await once(socket, 'data')
  heard = first
  let said = 0
  const theirs = server.sockets.at(-1)
  for (const piece of pieces) {
    socket.write(piece)
    said += piece.length
    while (theirs?.destroyed === false && theirs.bytesRead < said) await setImmediate()
  }
  socket.on('data', (bytes: Buffer) => {
    heard = Buffer.concat([heard, bytes])
  })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  while (heard.length <= TYPE_AT && !socket.closed) await setImmediate()
  socket.destroy()
  await closed
  return heard[TYPE_AT]
}

test('the line of a client may come in any number of pieces', async () => {
  const line = 'SSH-2.0-old client\r\n'
  assert.equal(await firstPacket([line]), KEXINIT)
  assert.equal(await firstPacket(['SSH-', '2.0', '-old client', '\r\n']), KEXINIT)
  assert.equal(await firstPacket([...line]), KEXINIT)
})

test('a line that does not end, and one that is none, are not answered', async () => {
  const long = ['SSH-2.0-', ...Array.from({ length: 90 }, () => 'x'.repeat(100)), '\r\n']
  assert.equal(await firstPacket(long), undefined)
  assert.equal(await firstPacket(['GET / ', 'HTTP', '/1.0\r\n', '\r\n']), undefined)
})
