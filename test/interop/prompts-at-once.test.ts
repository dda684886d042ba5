// Password and code in one round of keyboard-interactive (sftp.promptsAtOnce), as OpenSSH and PuTTY show it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Ran } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { type Codes, codesOf } from '../helpers/codes.ts'
import { type Fixture, lazyFixture } from '../helpers/fixture.ts'
import { hostKeyHash } from '../helpers/host-key.ts'
import type { Target } from './driver.ts'
import { targetOf } from './scenarios.ts'
import { sshAnswers, sshOptions, withTerminal } from './ssh-login.ts'

const shared = lazyFixture({
  args: ['--set', 'sftp.promptsAtOnce=true', '--set', 'login.failureDelayMs=0'],
})
const home = mkdtempSync(join(tmpdir(), 'sallyport-prompts-'))
after(async () => {
  await shared.stop()
  rmSync(home, { recursive: true, force: true })
})

let codes: Codes | undefined

function nextCode(fixture: Fixture): string {
  codes ??= codesOf(fixture.user('mfa').totp, 1)
  return codes.next()
}

type Start = (target: Target) => Promise<Ran>

const batch = join(home, 'batch')
writeFileSync(batch, 'pwd\nquit\n')

const openssh: Start = (target) => {
  // The later of the two: -b alone forbids the questions of a login.
  const words = ['sftp', '-o', 'BatchMode=no', '-b', batch, ...sshOptions(target)]
  return withTerminal([...words, `${target.user}@${target.info.host}`], sshAnswers(target), home)
}

const putty: Start = async (target) => {
  const hash = await hostKeyHash(target.port, 'ssh-ed25519')
  const args = ['-P', String(target.port), '-hostkey', `SHA256:${hash}`, '-noagent', '-b', batch]
  return withTerminal(['psftp', ...args, `${target.user}@${target.info.host}`], sshAnswers(target), home)
}

const target = (fixture: Fixture, user: string, code: string): Target =>
  targetOf(fixture, { listener: 'sftp', user, form: 'prompt', code }, home)

for (const [name, start, needs] of [
  ['OpenSSH', openssh, ['sftp']],
  ['psftp', putty, ['psftp']],
] as const) {
  clientTest(`${name}: password and code together`, [...needs.map(program), program('expect')], async () => {
    const fixture = await shared.get()
    const mfa = await start(target(fixture, 'mfa', nextCode(fixture)))
    assert.equal(mfa.code, 0, mfa.output)
    // Who has no code leaves it empty.
    const plain = await start(target(fixture, 'second', ''))
    assert.equal(plain.code, 0, plain.output)
    assert.match(plain.output, /Verification code/)
    const wrong = await start(target(fixture, 'mfa', '000000'))
    assert.notEqual(wrong.code, 0, wrong.output)
  })
}
