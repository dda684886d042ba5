import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after } from 'node:test'
import { run } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { lazyFixture } from '../helpers/fixture.ts'

const shared = lazyFixture()
after(shared.stop)

clientTest('ssh-audit finds no algorithm to fail', [program('ssh-audit')], async () => {
  const { info, dir } = await shared.get()
  const home = join(dir, 'audit-home')
  const ran = await run('ssh-audit', ['-n', '-l', 'fail', '-p', String(info.sftp.port), info.host], { home })
  // 3 says that something failed, 2 that there are warnings, 1 that the connection did.
  assert.ok(ran.code === 0 || ran.code === 2, ran.output)
  assert.doesNotMatch(ran.output, /\[fail\]/)
})
