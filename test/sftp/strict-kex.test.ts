// CVE-2023-48795 (Terrapin): what is slipped in before the encryption starts must not shift what comes after it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { listsWith } from '../../src/sftp/algorithms.ts'
import { run } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { startSftp } from '../helpers/sftp-server.ts'
import { agreeHybrid } from '../helpers/ssh-hybrid-client.ts'

const dir = mkdtempSync(join(tmpdir(), 'sallyport-strict-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const IGNORE = Buffer.from([2, 0, 0, 0, 0])
const DEBUG = Buffer.from([4, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const UNIMPLEMENTED = Buffer.from([3, 0, 0, 0, 0])

test('the marker of strict key exchange is always offered, behind the methods', async () => {
  const server = await startSftp()
  const outcome = await agreeHybrid(server.port)
  assert.ok(outcome.agreed)
  const methods = outcome.kexInit.toString('latin1', 21, 21 + outcome.kexInit.readUInt32BE(17))
  assert.equal(methods, [...listsWith([]).kex, 'kex-strict-s-v00@openssh.com'].join(','))
  await server.close()
})

test('with a client that knows it, nothing can be slipped in before the encryption', async () => {
  const server = await startSftp()
  for (const slipped of [IGNORE, DEBUG, UNIMPLEMENTED]) {
    for (const where of ['beforeKexInit', 'beforeKey'] as const) {
      const outcome = await agreeHybrid(server.port, { strict: true, [where]: slipped })
      assert.equal(outcome.agreed, false, `${slipped[0]} ${where}`)
    }
  }
  assert.ok((await agreeHybrid(server.port, { strict: true })).agreed)
  await server.close()
})

test('a client that does not know it may say such things, as RFC 4253 allows', async () => {
  const server = await startSftp()
  assert.ok((await agreeHybrid(server.port, { beforeKexInit: IGNORE, beforeKey: DEBUG })).agreed)
  await server.close()
})

clientTest(
  'OpenSSH and the server count from zero after each exchange',
  [program('sftp'), program('sshpass')],
  async () => {
    const server = await startSftp({ settings: { rekeyBytes: 256 * 1024 } })
    const options = [
      'Ciphers=chacha20-poly1305@openssh.com',
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
    ]
    const args = [
      '-p',
      PASSWORD,
      'sftp',
      '-vvv',
      '-P',
      String(server.port),
      ...options.flatMap((one) => ['-o', one]),
    ]
    writeFileSync(join(dir, 'up'), Buffer.alloc(4 * 1024 * 1024))
    // The cipher's nonce is the sequence number, so that a session which works shows that both sides count alike.
    const input = `put ${dir}/up /f\nget /f ${dir}/down\n`
    const { code, output } = await run('sshpass', [...args, 'alice@127.0.0.1'], { home: dir, input })
    assert.equal(code, 0, output.slice(-2000))
    assert.match(output, /will use strict KEX ordering/)
    const resets = output.match(/ssh_set_newkeys: mode|resetting (send|read) seqnr/g) ?? []
    assert.ok(resets.length > 20, `${resets.length}`)
    await server.close()
  },
)
