import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after } from 'node:test'
import { HYBRID_KEX } from '../../src/sftp/algorithms.ts'
import { run } from '../helpers/child.ts'
import { clientTest, newerProgram, program } from '../helpers/clients.ts'
import { lazyFixture } from '../helpers/fixture.ts'

const shared = lazyFixture()
after(shared.stop)

/** What version 2.5, that of Debian 12, has not heard of yet: not a finding about them. */
const TOO_NEW = new Set([HYBRID_KEX, 'kex-strict-s-v00@openssh.com'])

function findings(output: string): readonly string[] {
  // A second finding about a name stands below it, without the name.
  return output.split('\n').filter((line) => {
    const [, name = '', finding = ''] =
      /^\((?:kex|key|enc|mac)\) (\S+) .*-- \[(?:warn|fail)\] (.*)/.exec(line) ?? []
    return /\[(warn|fail)\]/.test(line) && !(TOO_NEW.has(name) && finding === 'unknown algorithm')
  })
}

for (const scanner of new Set([
  program('ssh-audit'),
  { ...newerProgram('ssh-audit'), name: 'newer ssh-audit' },
])) {
  clientTest(`${scanner.name} has nothing to fail or to warn of`, [scanner], async () => {
    const { info, dir } = await shared.get()
    const home = join(dir, 'audit-home')
    const ran = await run(scanner.path ?? '', ['-n', '-p', String(info.sftp.port), info.host], { home })
    assert.match(ran.output, /\(kex\) curve25519-sha256 .*\[info\]/)
    assert.deepEqual(findings(ran.output), [])
    assert.doesNotMatch(ran.output, /^\(rec\) [-!]/m)
  })
}

clientTest(
  'ssh-audit does warn of the profile compatible: the test above can fail',
  [program('ssh-audit')],
  async () => {
    const compatible = lazyFixture({ args: ['--set', 'sftp.algorithms=compatible'] })
    try {
      const { info, dir } = await compatible.get()
      const ran = await run('ssh-audit', ['-n', '-p', String(info.sftp.port), info.host], {
        home: join(dir, 'home'),
      })
      assert.ok(
        findings(ran.output).some((line) => line.includes('hmac-sha2-256 ')),
        ran.output,
      )
    } finally {
      await compatible.stop()
    }
  },
)
