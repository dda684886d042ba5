import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { HYBRID_KEX, listsWith } from '../../src/sftp/algorithms.ts'
import { run } from '../helpers/child.ts'
import { type Client, clientTest, newerProgram, program } from '../helpers/clients.ts'
import { hostKeyHash } from '../helpers/host-key.ts'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { startSftp } from '../helpers/sftp-server.ts'
import { agreeHybrid } from '../helpers/ssh-hybrid-client.ts'

const EXT_INFO = 7
const KEY_EXCHANGE_FAILED = 3

test('the hybrid exchange as the draft has it: signature, secret and keys fit', async () => {
  const server = await startSftp()
  const outcome = await agreeHybrid(server.port)
  assert.ok(outcome.agreed)
  assert.equal(outcome.firstEncrypted[0], EXT_INFO)
  assert.equal(
    outcome.firstEncrypted.toString('latin1').split('server-sig-algs')[1]?.slice(4),
    listsWith([]).signature.join(','),
  )
  await server.close()
})

test('what the draft says to abort at is aborted at: lengths, the ML-KEM key, a curve point that leads to zero', async () => {
  const server = await startSftp()
  const zeroPoint = (init: Buffer) => Buffer.concat([init.subarray(0, 1184), Buffer.alloc(32)])
  const notReduced = (init: Buffer) => Buffer.concat([Buffer.alloc(1184, 255), init.subarray(1184)])
  const spoiled = [
    zeroPoint,
    notReduced,
    (init: Buffer) => init.subarray(1),
    (init: Buffer) => Buffer.concat([init, Buffer.alloc(1)]),
    () => Buffer.alloc(0),
  ]
  for (const spoil of spoiled) {
    assert.deepEqual(await agreeHybrid(server.port, { spoil }), {
      agreed: false,
      disconnect: KEY_EXCHANGE_FAILED,
    })
  }
  assert.ok((await agreeHybrid(server.port)).agreed)
  await server.close()
})

/** Only newer versions of these clients know the method: `.ci/run` brings them into a folder of their own. */
function knowing(client: Client, ask: readonly string[]): Client {
  const known = client.path !== undefined && spawnSync(client.path, ask, { encoding: 'utf8' })
  const path =
    known && `${known.stdout}${known.stderr}`.match(/mlkem768x25519|0\.(8[3-9]|9\d)/)
      ? client.path
      : undefined
  return { ...client, name: `${client.name} with ${HYBRID_KEX}`, path }
}

const ssh = knowing(newerProgram('ssh'), ['-Q', 'kex'])
const psftp = knowing(newerProgram('psftp'), ['-V'])
const dir = mkdtempSync(join(tmpdir(), 'sallyport-hybrid-'))
process.once('exit', () => rmSync(dir, { recursive: true, force: true }))

clientTest(
  'OpenSSH takes the hybrid exchange of its own accord, and again each mebibyte',
  [ssh, newerProgram('sftp'), program('sshpass')],
  async () => {
    const server = await startSftp()
    const content = Buffer.alloc(6 * 1024 * 1024, 'sallyport')
    writeFileSync(join(dir, 'up'), content)
    const options = ['RekeyLimit=1M', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']
    const args = [
      '-p',
      PASSWORD,
      newerProgram('sftp').path ?? '',
      '-v',
      '-S',
      ssh.path ?? '',
      '-P',
      String(server.port),
    ]
    const { output, code } = await run(
      'sshpass',
      [...args, ...options.flatMap((option) => ['-o', option]), 'alice@127.0.0.1'],
      {
        home: dir,
        input: `put ${dir}/up /f\nget /f ${dir}/down\n`,
      },
    )
    assert.equal(code, 0, output)
    const agreed = output.match(/kex: algorithm: .*/g) ?? []
    assert.ok(agreed.length >= 10, `${agreed.length} key exchanges`)
    assert.deepEqual([...new Set(agreed)], [`kex: algorithm: ${HYBRID_KEX}`])
    assert.ok(readFileSync(join(dir, 'down')).equals(content))
    await server.close()
  },
)

clientTest('psftp takes the hybrid exchange of its own accord', [psftp], async () => {
  const server = await startSftp()
  const hostKey = await hostKeyHash(server.port, 'ssh-ed25519')
  writeFileSync(join(dir, 'batch'), 'pwd\n')
  const args = ['-v', '-batch', '-hostkey', `SHA256:${hostKey}`, '-pw', PASSWORD, '-P', String(server.port)]
  const { output, code } = await run(
    psftp.path ?? '',
    [...args, '-b', join(dir, 'batch'), 'alice@127.0.0.1'],
    { home: dir },
  )
  assert.equal(code, 0, output)
  assert.match(output, /ML-KEM-768 \/ Curve25519 hybrid key exchange/)
  await server.close()
})
