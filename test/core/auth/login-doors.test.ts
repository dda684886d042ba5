// A door that can never complete a user's chains must not tell a right password from a wrong one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Factor } from '../../../src/core/identity.ts'
import { CAN_PROVE as FTP } from '../../../src/ftp/login.ts'
import { CAN_PROVE as SFTP } from '../../../src/sftp/auth.ts'
import { codeAt, createHarness, fullUser, PASSWORD, SETTINGS, SHOWN_KEY } from './harness.ts'

const NEVER: readonly (readonly [string, ReadonlySet<Factor>, readonly (readonly Factor[])[]])[] = [
  ['FTP, key and password', FTP, [['publickey', 'password']]],
  ['FTP, certificate and password', FTP, [['client-cert', 'password']]],
  ['FTP, key', FTP, [['publickey']]],
  [
    'FTP, two such chains',
    FTP,
    [
      ['publickey', 'password', 'totp'],
      ['client-cert', 'password'],
    ],
  ],
  ['SFTP, certificate and password', SFTP, [['client-cert', 'password']]],
]

for (const [what, canProve, chains] of NEVER) {
  test(`a chain the door cannot complete: no password is right there (${what})`, async () => {
    const told = []
    for (const [name, secret] of [
      ['split', PASSWORD],
      ['split', 'wrong'],
      ['nobody', 'wrong'],
    ] as const) {
      const h = createHarness([fullUser('split', { chains })])
      const login = h.connect({}, canProve)
      const begun = await login.begin(name)
      const started = h.clock.now()
      const step = await h.password(login, secret)
      assert.equal(step.state, 'denied')
      const failures = await h.state.recordFailure(
        'address:192.0.2.1',
        h.clock.now(),
        SETTINGS.lockout.address,
      )
      assert.equal(h.denials().length, 1)
      const took = h.clock.now() - started
      told.push({
        begun,
        step: { ...step, reason: '' },
        checks: h.hasher.checks,
        took,
        failures: failures.failures,
      })
    }
    for (const each of told) assert.deepEqual(each, told[0])
    assert.equal(told[0]?.took, SETTINGS.failureDelayMs)
    assert.equal(told[0]?.failures, 2)
  })
}

test('guessing such a password locks the name', async () => {
  const h = createHarness([fullUser('split', { chains: [['publickey', 'password']] })])
  for (let i = 0; i < SETTINGS.lockout.user.after; i += 1) {
    const login = h.connect({}, FTP)
    await login.begin('split')
    await h.password(login, PASSWORD)
  }
  assert.deepEqual(new Set(h.denials()), new Set(['factor-not-in-chain']))
  assert.ok(h.events.some((event) => event.type === 'login.locked' && event.scope === 'user'))
})

test('a chain beside them that the door can complete still lets in', async () => {
  const chains: Factor[][] = [
    ['publickey', 'password'],
    ['password', 'totp'],
  ]
  const h = createHarness([fullUser('split', { chains })])
  const ftp = h.connect({}, FTP)
  await ftp.begin('split')
  assert.deepEqual(await h.password(ftp, PASSWORD), { state: 'more', next: ['totp'], partial: true })
  assert.equal((await h.code(ftp, codeAt(h.clock.now()))).state, 'granted')

  const sftp = h.connect({}, SFTP)
  await sftp.begin('split')
  await h.offer(sftp, { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true })
  assert.equal((await h.password(sftp, PASSWORD)).state, 'granted')
})
