// Requests that a web page has a browser send here, with commands inside (ALPACA, 2021, and inter-protocol exploitation before).
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { after, describe, test } from 'node:test'
import { connectFtp } from '../../helpers/ftp-client.ts'
import { FTP_PASSWORD, type FtpTestServer, startFtpServer } from '../../helpers/ftp-server.ts'

const COMMANDS = [
  'USER legacy',
  `PASS ${FTP_PASSWORD}`,
  'MKD evil',
  'CWD <script>alert(1)</script>',
  '',
].join('\r\n')
const REFUSAL = '421 This is no web server; closing.'

const clear = await startFtpServer()
const implicit = await startFtpServer({ settings: { tls: 'implicit' } })
const servers = { clear, implicit }
after(async () => {
  for (const server of Object.values(servers)) {
    await server.close()
    assert.deepEqual(server.errors, [])
  }
})

type Asked = Readonly<{ path?: string; headers?: Record<string, string> }>

/** What a browser would see of the answer: Node's own client calls it no HTTP, and keeps the bytes. */
function post(server: FtpTestServer, { path = '/', headers = {} }: Asked): Promise<string> {
  const options = { host: server.host, port: server.port, method: 'POST', path, headers }
  const request =
    server === implicit
      ? httpsRequest({
          ...options,
          ca: server.authority,
          servername: 'localhost',
        })
      : httpRequest(options)
  return new Promise((resolve, reject) => {
    request.on('response', () => reject(new Error('it was taken for HTTP')))
    request.on('error', (error: Error & { rawPacket?: Buffer }) => resolve(String(error.rawPacket ?? '')))
    request.end(COMMANDS)
  })
}

function ran(server: FtpTestServer): readonly string[] {
  const ours = ['login.granted', 'login.denied', 'login.factor-ok', 'file.changed']
  return server.events.map(({ type }) => type).filter((type) => ours.includes(type))
}

for (const [way, server] of Object.entries(servers))
  describe(`a browser's request, ${way}`, () => {
    test('ends the connection, and what stands in it never runs', async () => {
      const answer = await post(server, {})
      assert.ok(!answer.includes('script'), answer)
      assert.ok(!answer.includes('331'), answer)
      assert.deepEqual(ran(server), [])
    })

    test('does so as well where its first line is too long to be read', async () => {
      const answer = await post(server, { path: `/${'x'.repeat(9000)}` })
      assert.ok(!answer.includes('331'), answer)
      assert.deepEqual(ran(server), [])
    })
  })

for (const line of [
  'GET / HTTP/1.1',
  'post /<b>x</b> http/1.0',
  'PRI * HTTP/2.0',
  'Host: ftp.example.org',
  'Sec-Ch-Ua: ?',
])
  test(`${line}: nothing behind it is answered`, async () => {
    const client = await connectFtp(clear)
    client.write(`${line}\r\nNOOP\r\nFEAT\r\n`)
    assert.equal(await client.reply(), REFUSAL)
    assert.equal(await client.reply(), undefined)
    const last = clear.events.findLast(({ type }) => type === 'session.error')
    assert.ok(last?.type === 'session.error' && last.detail === 'the client speaks HTTP')
  })

test('files and unknown commands may have such names', async () => {
  const client = await connectFtp(clear)
  await client.login('legacy')
  assert.match(await client.send('MKD a HTTP'), /^257/)
  assert.match(await client.send('MKD a HTTP/1.1'), /^257/)
  assert.match(await client.send('RMD a HTTP/1.1'), /^250/)
  assert.match(await client.send('GET a'), /^500/)
  assert.match(await client.send('c:a b'), /^500/)
  assert.match(await client.send('NOOP'), /^200/)
  client.destroy()
})
