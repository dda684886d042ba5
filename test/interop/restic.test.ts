import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { succeed } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { startFixture } from '../helpers/fixture.ts'

clientTest('restic backs up over SFTP, checks every byte, and restores', [program('restic')], async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'sallyport-restic-'))
  const source = join(scratch, 'source')
  await mkdir(join(source, 'deep'), { recursive: true })
  await writeFile(join(source, 'large.bin'), randomBytes(9_000_001))
  await writeFile(join(source, 'deep', 'small.txt'), 'small\n')
  try {
    const fixture = await startFixture()
    try {
      const { user, base, ssh_key: key } = fixture.user('main')
      const { host, sftp } = fixture.info
      const ssh = [
        `ssh -p ${sftp.port} -i ${key} -F none`,
        '-o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR',
        `${user}@${host} -s sftp`,
      ].join(' ')
      const repository = `sftp:${user}@${host}:${base === '/' ? '' : base}/backup`
      const restic = (...args: string[]) =>
        succeed('restic', ['-o', `sftp.command=${ssh}`, '-r', repository, ...args], {
          home: join(scratch, 'home'),
          env: { RESTIC_PASSWORD: 'only for this test' },
          timeoutMs: 120_000,
        })
      await restic('init')
      await restic('backup', source)
      await writeFile(join(source, 'deep', 'small.txt'), 'changed\n')
      await restic('backup', source)
      await restic('check', '--read-data')
      await restic('restore', 'latest', '--target', join(scratch, 'restored'))
      for (const name of ['large.bin', join('deep', 'small.txt')]) {
        const restored = await readFile(join(scratch, 'restored', source, name))
        assert.ok(restored.equals(await readFile(join(source, name))), name)
      }
      await restic('forget', '--keep-last', '1', '--prune')
    } finally {
      await fixture.stop()
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
})
