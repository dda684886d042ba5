// Whoever comes for more than files is told so, in words that a user sees.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type Ran, run } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { hostKeyHash } from '../helpers/host-key.ts'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { startSftp } from '../helpers/sftp-server.ts'
import { listed } from '../helpers/vfs.ts'

const home = mkdtempSync(join(tmpdir(), 'sallyport-refusals-'))
after(() => rmSync(home, { recursive: true, force: true }))
writeFileSync(join(home, 'file'), 'content')

const SSH = [program('ssh'), program('sshpass')]
const KNOWN = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null']
const ONLY = /^This service offers SFTP only\.\r?$/m

function ssh(port: number, ...args: readonly string[]): Promise<Ran> {
  const command = ['-p', PASSWORD, 'ssh', ...KNOWN, '-p', String(port)]
  return run(
    'sshpass',
    [
      ...command,
      ...args.filter((arg) => arg.startsWith('-')),
      'alice@127.0.0.1',
      ...args.filter((arg) => !arg.startsWith('-')),
    ],
    { home },
  )
}

clientTest('ssh: no shell, no command, with one line that says so', SSH, async () => {
  const server = await startSftp()
  for (const ran of [
    await ssh(server.port),
    await ssh(server.port, 'id'),
    await ssh(server.port, 'rsync --server . /'),
  ]) {
    assert.equal(ran.code, 1)
    assert.match(ran.output, ONLY)
  }
  await server.close()
})

clientTest('ssh at a terminal: no terminal, and the same line', [...SSH, program('expect')], async () => {
  const server = await startSftp()
  const script = `
set timeout 20
spawn ssh ${KNOWN.join(' ')} -p ${server.port} alice@127.0.0.1
expect "assword:"
send "${PASSWORD}\\r"
expect eof
exit [lindex [wait] 3]
`
  const { code, output } = await run('expect', ['-c', script], { home })
  assert.equal(code, 1, output)
  assert.match(output, /PTY allocation request failed/)
  assert.match(output, ONLY)
  await server.close()
})

clientTest('ssh: nothing is forwarded, in neither direction', SSH, async () => {
  const server = await startSftp()
  const refused: readonly (readonly [string, RegExp])[] = [
    [`-W127.0.0.1:${server.port}`, /open failed: administratively prohibited/],
    ['-R0:127.0.0.1:1', /remote port forwarding failed/],
    [`-R${home}/socket:127.0.0.1:1`, /remote port forwarding failed/],
  ]
  for (const [option, message] of refused) {
    const ran = await ssh(server.port, '-N', '-oExitOnForwardFailure=yes', option)
    assert.equal(ran.code, 255, option)
    assert.match(ran.output, message)
  }
  const other = await ssh(server.port, '-s', 'netconf')
  assert.match(other.output, /subsystem request failed/)
  await server.close()
})

clientTest(
  'scp with the old protocol is told what to use instead, both ways',
  [program('scp'), program('sshpass')],
  async () => {
    const server = await startSftp()
    const remote = 'alice@127.0.0.1:/file'
    for (const files of [
      [join(home, 'file'), remote],
      [remote, join(home, 'back')],
    ]) {
      const args = ['-p', PASSWORD, 'scp', '-O', ...KNOWN, '-P', String(server.port), ...files]
      const { code, output } = await run('sshpass', args, { home })
      assert.equal(code, 1)
      assert.match(output, /SFTP only\. Use sftp, or scp without -O \(before OpenSSH 9\.0: scp -s\)\./)
    }
    assert.deepEqual(await listed(server.session.files, '/'), [])
    const args = [
      '-p',
      PASSWORD,
      'scp',
      '-s',
      ...KNOWN,
      '-P',
      String(server.port),
      join(home, 'file'),
      remote,
    ]
    assert.equal((await run('sshpass', args, { home })).code, 0)
    assert.deepEqual(await listed(server.session.files, '/'), ['file'])
    await server.close()
  },
)

clientTest('pscp with the old protocol is told the same', [program('pscp')], async () => {
  const server = await startSftp()
  const key = `SHA256:${await hostKeyHash(server.port, 'ssh-ed25519')}`
  const args = ['-scp', '-batch', '-hostkey', key, '-pw', PASSWORD, '-P', String(server.port)]
  const { code, output } = await run('pscp', [...args, join(home, 'file'), 'alice@127.0.0.1:/file'], { home })
  assert.equal(code, 1)
  assert.match(output, /SFTP only\. Use sftp, or scp without -O/)
  await server.close()
})
