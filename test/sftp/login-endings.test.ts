import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hashArgon2 } from '../../src/core/auth/argon2.ts'
import { FileServerError } from '../../src/core/errors.ts'
import { createLogger } from '../../src/observe/logger.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { TOTP_CREDENTIAL } from '../core/auth/harness.ts'
import { startSftpCore, TEST_SECRETS } from '../helpers/sftp-core.ts'
import { startSftp } from '../helpers/sftp-server.ts'

const PASSWORD = 'correct horse'

/** Tries the password, and goes when it is asked for more or refused. */
function tryPassword(port: number, username: string): Promise<void> {
  return new Promise((resolve) => {
    const client = new ssh2.Client()
    client.on('error', () => {})
    client.on('close', () => resolve())
    let tried = false
    client.connect({
      host: '127.0.0.1',
      port,
      username,
      authHandler: (_left, _partial, next) => {
        if (tried) return void client.destroy()
        tried = true
        next({ type: 'password', username, password: PASSWORD })
      },
    })
  })
}

test('whoever goes after the password, where a code is wanted, is in the audit', async (t) => {
  const hash = await hashArgon2(PASSWORD, { memoryKiB: 8, passes: 1, parallelism: 1 })
  const secret = TEST_SECRETS.seal('both', TOTP_CREDENTIAL.secret)
  const users = `users: { both: { password: '${hash}', totp: { secret: '${secret}' } } }\n`
  const server = await startSftpCore({ users })
  t.after(() => server.close())
  await tryPassword(server.port, 'both')
  await server.connections[0]?.done
  const told = server.events.flatMap((event) =>
    event.type === 'login.factor-ok' ? [event.factor] : event.type === 'login.denied' ? [event.reason] : [],
  )
  assert.deepEqual(told, ['password', 'factors-missing'])
})

test('the log says why a login failed inside', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-log-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const fail = async () => {
    throw new FileServerError('internal', 'The state file is gone.', { cause: new Error('no such file') })
  }
  const server = await startSftp({
    authenticator: () => ({
      open: () => ({ begin: fail, offer: fail, wouldAcceptKey: async () => false, leave: () => {} }),
    }),
  })
  t.after(() => server.close())
  await tryPassword(server.port, 'alice')
  await server.connections[0]?.done
  const file = join(folder, 'server.jsonl')
  const logger = createLogger({ file, level: 'info' })
  for (const { fields, message } of server.logged) logger.error(fields, message)
  await logger.close()
  assert.match(readFileSync(file, 'utf8'), /The state file is gone.*no such file.*login failed inside/)
})
