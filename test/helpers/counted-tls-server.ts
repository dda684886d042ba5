import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Native } from '../../src/native/native.ts'
import { connectFtp } from './ftp-client.ts'
import { type FtpServerOptions, startFtpServer } from './ftp-server.ts'
import { native as addon } from './native.ts'
import { countedTls } from './native-doubles.ts'

type ClientOptions = Parameters<typeof connectFtp>[1]

/** A server that counts the addon's calls for TLS, and a client that is logged in; at the end all that was opened is closed. */
export async function startCounted(
  t: TestContext,
  options: FtpServerOptions = {},
  clientOptions?: ClientOptions,
) {
  const native = countedTls(addon as Native)
  const server = await startFtpServer({ native, ...options })
  const client = await connectFtp(server, clientOptions)
  t.after(async () => {
    client.destroy()
    await server.close()
    assert.deepEqual(server.errors, [])
    assert.equal(native.tls.closed, native.tls.opened, 'all that was opened is closed')
  })
  await client.secure()
  await client.login()
  return { server, client, native }
}
