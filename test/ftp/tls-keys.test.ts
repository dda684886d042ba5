import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { createTlsEngine } from '../../src/ftp/tls.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { FTP_SETTINGS, startFtpServer, testCertificate } from '../helpers/ftp-server.ts'
import { native, needsNative } from '../helpers/native.ts'

const HOUR_MS = 3_600_000

async function serve(t: TestContext, reuse: 'prefer' | 'require') {
  const { authority, material } = await testCertificate()
  const clock = createFakeClock()
  const engine = createTlsEngine({
    tls: () => material,
    settings: { ...FTP_SETTINGS, tlsReuse: reuse },
    clock,
    strictUsers: () => false,
  })
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    void engine
      .forControl(undefined)
      .accept(socket, 'control')
      .then((secure) => {
        secure.on('error', () => undefined)
        secure.end('hello')
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo

  /** One control connection that offers `session`; gives whether it was taken and the session for the next. */
  const visit = async (session?: Buffer) => {
    const socket = connect({ port, host: '127.0.0.1', ca: authority, ...(session && { session }) })
    let next = session
    socket.on('session', (ticket) => {
      next = ticket
    })
    socket.resume()
    await once(socket, 'end')
    const resumed = socket.isSessionReused()
    socket.destroy()
    return { resumed, session: next }
  }
  return { clock, visit }
}

test('the keys of shared TLS sessions are thrown away after twelve hours', async (t) => {
  const { clock, visit } = await serve(t, 'prefer')
  const first = await visit()
  const second = await visit(first.session)
  assert.equal(second.resumed, true)
  await clock.advance(12 * HOUR_MS)
  const late = await visit(second.session)
  assert.equal(late.resumed, false)
  assert.equal((await visit(late.session)).resumed, true)
})

test(
  'data connections keep the keys and the certificate that their session began with',
  needsNative,
  async () => {
    const { material } = await testCertificate()
    const clock = createFakeClock()
    let current = material
    const engine = createTlsEngine({
      tls: () => current,
      settings: { ...FTP_SETTINGS, tlsReuse: 'prefer' },
      clock,
      strictUsers: () => false,
      native,
    })
    const first = engine.forControl(undefined)
    const before = first.links()
    assert.ok(before)
    assert.equal(engine.forControl(undefined).links(), before, 'all of a door share one')
    current = { ...material }
    const second = engine.forControl(undefined)
    assert.notEqual(second.links()?.handle, before.handle, 'a certificate was loaded')
    await clock.advance(12 * HOUR_MS)
    assert.notEqual(engine.forControl(undefined).links()?.handle, second.links()?.handle, 'new keys')
    assert.equal(first.links(), before)
  },
)

test('with required reuse no control connection resumes the session of another', async (t) => {
  const { visit } = await serve(t, 'require')
  const first = await visit()
  assert.equal((await visit(first.session)).resumed, false)
})

test('old TLS and CBC are spoken until the exception ends, and new TLS comes first', async (t) => {
  const clock = createFakeClock()
  const server = await startFtpServer({
    settings: { tls: 'implicit', legacyTlsUntilMs: clock.now() + HOUR_MS },
    clock,
  })
  t.after(() => server.close())
  const offer = async (options: ConnectionOptions): Promise<string> => {
    const socket = connect({ host: server.host, port: server.port, rejectUnauthorized: false, ...options })
    const answer = await new Promise<string>((resolve) => {
      socket.once('secureConnect', () => resolve(`${socket.getProtocol()} ${socket.getCipher().name}`))
      socket.once('error', (error) => resolve(error.message.includes('alert') ? 'refused' : error.message))
    })
    socket.destroy()
    return answer
  }
  const old = {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1',
    ciphers: 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0',
  } as const
  assert.equal(await offer(old), 'TLSv1 ECDHE-ECDSA-AES128-SHA')
  assert.equal(
    await offer({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA' }),
    'TLSv1.2 ECDHE-ECDSA-AES256-SHA',
  )
  assert.equal(await offer({}), 'TLSv1.3 TLS_AES_128_GCM_SHA256')
  await clock.advance(HOUR_MS + 1)
  assert.equal(await offer(old), 'refused')
  assert.equal(await offer({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA' }), 'refused')
  assert.equal(await offer({}), 'TLSv1.3 TLS_AES_128_GCM_SHA256')
})
