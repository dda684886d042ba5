import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import type { Native, TlsConnection, TlsContext } from '../../src/native/native.ts'
import { testCertificate } from './ftp-server.ts'
import { native } from './native.ts'
import { type TlsClient, tlsClient } from './tls-wire.ts'

/** For tests that are left out where it is not built. */
export const addon = native as Native
const { authority, material } = await testCertificate()
export const PEM = [Buffer.from(material.certificate), Buffer.from(material.key)] as const
export const CIPHERS = 'ECDHE-ECDSA-AES128-GCM-SHA256'
export const SUITES = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384'
export const TLS_1_2 = 0x0303
export const TLS_OF = { ca: authority, servername: 'localhost' }

export type Sessions = {
  keys?: Buffer
  name?: string
  find?: (id: Uint8Array) => Uint8Array | undefined
  begins?: boolean
}

export function contextOf(sessions: Sessions = {}): TlsContext {
  const { keys = randomBytes(48), name = 'tests', find = () => undefined, begins = true } = sessions
  const context = addon.createTlsContext(...PEM, CIPHERS, SUITES, TLS_1_2)
  assert.ok(context)
  assert.equal(addon.resumeSessions(context, keys, name, 3600, find, Number(begins)), 0)
  return context
}

/** A port nobody listens at, and who connects to it. */
export async function pair(t: TestContext): Promise<{ raw: Socket; fd: number }> {
  for (;;) {
    const port = randomInt(20_000, 30_000)
    const listener = addon.listenTcp('127.0.0.1', port)
    if (listener < 0) continue
    const raw = connect({ port, host: '127.0.0.1', noDelay: true }).on('error', () => undefined)
    await once(raw, 'connect')
    const fd = addon.acceptPeer(listener, '127.0.0.1')
    addon.closeSocket(listener, 0)
    assert.ok(fd >= 0)
    t.after(() => {
      raw.destroy()
      addon.closeSocket(fd, 0)
    })
    return { raw, fd }
  }
}

export type Meeting = Readonly<{
  raw: Socket
  /** The server's. */
  fd: number
  server: TlsConnection
  client: TlsClient
  /** Of `shakeHands`. */
  result: number
  tickets: readonly Buffer[]
}>

export async function meet(
  t: TestContext,
  context: TlsContext,
  options: ConnectionOptions = {},
  ticketsLast = 0,
): Promise<Meeting> {
  const { raw, fd } = await pair(t)
  const server = addon.openTls(context, fd, ticketsLast)
  assert.ok(server)
  t.after(() => addon.closeTls(server))
  const client = tlsClient({ ...TLS_OF, ...options })
  const tickets: Buffer[] = []
  client.tls.on('session', (session: Buffer) => tickets.push(session))
  raw.on('data', client.take)
  for (;;) {
    raw.write(client.taken())
    const result = addon.shakeHands(server)
    if (result <= 0) return { raw, fd, server, client, result, tickets }
    await turn()
  }
}

export const turn = () => new Promise((resolve) => setImmediate(resolve))
