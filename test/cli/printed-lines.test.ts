import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client as FtpClient } from 'basic-ftp'
import { TOTP, URI } from 'otpauth'
import SftpClient from 'ssh2-sftp-client'
import { placeOf } from '../../src/cli/format/place.ts'
import { createProject } from './harness.ts'

/** What a person reads off the screen after the first start. */
function read(shown: string) {
  const part = (pattern: RegExp) =>
    pattern.exec(shown)?.[1] ?? assert.fail(`nothing like ${pattern} was printed`)
  const codes = URI.parse(part(/(otpauth:\/\/\S+)/))
  assert.ok(codes instanceof TOTP)
  return {
    password: part(/^Password: {2}(\S+)$/m),
    /** `step` counts from now: each code works once, and the neighbouring ones are good too. */
    code: (step: number) => codes.generate({ timestamp: Date.now() + step * codes.period * 1000 }),
    explicit: Number(part(/--ssl-reqd .* ftp:\/\/localhost:(\d+)/)),
    implicit: Number(part(/ftps:\/\/localhost:(\d+)/)),
    sftp: Number(part(/sftp -P (\d+) first@localhost/)),
    fingerprint: part(/^ {2}SHA256:(\S+) \(ssh-ed25519\)$/m),
  }
}

test('what the first start prints opens every door', async (t) => {
  const project = await createProject(t)
  const serving = project.serve()
  const door = read(await serving.until('Serving.'))
  const ca = await readFile(join(project.dir, 'keys/ca.crt'))
  for (const [step, [secure, port]] of (
    [
      [true, door.explicit],
      ['implicit', door.implicit],
    ] as const
  ).entries()) {
    const ftp = new FtpClient()
    const secureOptions = { ca, host: 'localhost', servername: 'localhost' }
    const password = `${door.password}${door.code(step - 1)}`
    await ftp.access({ host: '127.0.0.1', port, user: 'first', password, secure, secureOptions })
    assert.deepEqual(await ftp.list(), [])
    ftp.close()
  }
  const sftp = new SftpClient()
  const prompts = [door.password, door.code(1)]
  sftp.on('keyboard-interactive', (_name, _text, _language, _asked, finish: (answers: string[]) => void) => {
    finish(prompts.splice(0, 1))
  })
  await sftp.connect({
    host: '127.0.0.1',
    port: door.sftp,
    username: 'first',
    tryKeyboard: true,
    hostHash: 'sha256',
    algorithms: { serverHostKey: ['ssh-ed25519'] },
    hostVerifier: (hash: string) =>
      Buffer.from(hash, 'hex').toString('base64').replace('=', '') === door.fingerprint,
  })
  assert.deepEqual(await sftp.list('/'), [])
  await sftp.end()
  serving.signal('SIGTERM')
  assert.equal((await serving.ended).code, 0)
})

test('a place is printed as one can type it', () => {
  assert.equal(placeOf({ address: '::1', port: 21 }), '[::1]:21')
  assert.equal(placeOf({ address: '192.0.2.1', port: 21 }), '192.0.2.1:21')
  assert.equal(placeOf({ address: '*', port: 21 }), '*:21')
})
