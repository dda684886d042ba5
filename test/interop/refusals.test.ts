// The same refusal on every door: what the client sees does not tell why, and the audit does.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { codesOf } from '../helpers/codes.ts'
import { type AuditLine, eventually, lazyFixture } from '../helpers/fixture.ts'
import { ftpWire } from '../helpers/ftp-wire-client.ts'
import {
  type Attempt,
  attemptLogin,
  type Credentials,
  ENCRYPTED_LISTENERS,
  type EncryptedListener,
} from '../helpers/login-attempt.ts'

const DRIFT_STEPS = 2
const OPTIONS = ['--set', 'login.failureDelayMs=10', '--set', `mfa.driftSteps=${DRIFT_STEPS}`]

// Nobody is to be locked by the failures that these tests make on purpose.
const patient = lazyFixture({ args: [...OPTIONS, '--set', 'login.lockout.user.after=1000'] })
after(patient.stop)

async function refusedAs(
  listener: EncryptedListener,
  credentials: Credentials,
  reason: string,
): Promise<Attempt> {
  const fixture = await patient.get()
  const door = listener === 'sftp' ? 'sftp' : 'ftps'
  const fits = (event: AuditLine): boolean =>
    event.type === 'login.denied' &&
    event.reason === reason &&
    event.user === credentials.user &&
    event.door === door
  const before = (await fixture.audit()).filter(fits).length
  const attempt = await attemptLogin(fixture.info, listener, credentials)
  assert.equal(attempt.granted, false)
  await eventually(
    async () => ((await fixture.audit()).filter(fits).length > before ? true : undefined),
    `login.denied ${reason} of ${credentials.user} over ${door}`,
  )
  return attempt
}

test('every reason to refuse a password looks the same, and the audit names it', async (t) => {
  const fixture = await patient.get()
  const cases = [
    { name: 'unknown', reason: 'unknown-user', password: 'whatever' },
    { name: 'ipdenied', reason: 'address-not-allowed-for-user', password: fixture.user('ipdenied').password },
    { name: 'disabled', reason: 'user-disabled', password: fixture.user('disabled').password },
    { name: 'expired', reason: 'user-expired', password: fixture.user('expired').password },
  ]
  for (const listener of ENCRYPTED_LISTENERS) {
    const wrong = { user: 'second', password: 'wrong' }
    const expected = await refusedAs(listener, wrong, 'wrong-password')
    for (const { name, reason, password } of cases) {
      await t.test(`${reason} over ${listener}`, async () => {
        const seen = await refusedAs(listener, { user: name, password }, reason)
        assert.deepEqual(seen.steps, expected.steps)
      })
    }
  }
})

test('the neutral text of FTP is one line, on both kinds of TLS', async () => {
  for (const listener of ['ftpes', 'ftps'] as const) {
    const seen = await refusedAs(listener, { user: 'second', password: 'wrong' }, 'wrong-password')
    assert.equal(seen.steps.at(-1), '530 Login incorrect.')
  }
})

test('a wrong code is refused on every door in the words of a wrong password', async () => {
  const fixture = await patient.get()
  const mfa = fixture.user('mfa')
  const code = codesOf(mfa.totp, DRIFT_STEPS).wrong()
  for (const listener of ENCRYPTED_LISTENERS) {
    const plain = await refusedAs(listener, { user: 'second', password: 'wrong' }, 'wrong-password')
    const seen = await refusedAs(listener, { user: 'mfa', password: mfa.password, code }, 'wrong-code')
    if (listener !== 'sftp') assert.equal(seen.steps.at(-1), plain.steps.at(-1))
    assert.equal(seen.granted, plain.granted)
  }
})

test('a code that let one door open opens none again', async (t) => {
  const fixture = await patient.get()
  const mfa = fixture.user('mfa')
  const codes = codesOf(mfa.totp, DRIFT_STEPS)
  for (const first of ENCRYPTED_LISTENERS) {
    await t.test(`used over ${first}`, async () => {
      const code = codes.next()
      const granted = await attemptLogin(fixture.info, first, { user: 'mfa', password: mfa.password, code })
      assert.equal(granted.granted, true, granted.steps.join('\n'))
      for (const listener of ENCRYPTED_LISTENERS) {
        await refusedAs(listener, { user: 'mfa', password: mfa.password, code }, 'replayed-code')
        await refusedAs(listener, { user: 'mfa', password: `${mfa.password}${code}` }, 'replayed-code')
      }
    })
  }
})

test('the password of a user with a second factor opens no door alone', async () => {
  const fixture = await patient.get()
  const mfa = fixture.user('mfa')
  for (const listener of ENCRYPTED_LISTENERS) {
    const seen = await attemptLogin(fixture.info, listener, { user: 'mfa', password: mfa.password })
    assert.equal(seen.granted, false, listener)
  }
})

test('failures on one door lock the user on all doors, in the same words', async () => {
  const after5 = lazyFixture({ args: OPTIONS })
  try {
    const fixture = await after5.get()
    const { password } = fixture.user('lockout')
    const limit = Number(fixture.info.policy.lockout_after)
    for (let failure = 0; failure < limit; failure += 1) {
      await attemptLogin(fixture.info, 'sftp', { user: 'lockout', password: 'wrong' })
    }
    for (const listener of ENCRYPTED_LISTENERS) {
      const other = await attemptLogin(fixture.info, listener, { user: 'second', password: 'wrong' })
      const locked = await attemptLogin(fixture.info, listener, { user: 'lockout', password })
      assert.equal(locked.granted, false, `${listener} let a locked user in`)
      assert.deepEqual(locked.steps, other.steps)
    }
    await fixture.audited((line) => line.type === 'login.locked' && line.user === 'lockout', 'login.locked')
    await fixture.audited((line) => line.reason === 'user-locked', 'login.denied user-locked')
    const second = fixture.user('second')
    assert.equal((await attemptLogin(fixture.info, 'sftp', second)).granted, true, 'others are locked too')
  } finally {
    await after5.stop()
  }
})

test('cleartext logins need an exception, and the refusal does not tell who has one', async () => {
  const open = lazyFixture({ args: [...OPTIONS, '--open'] })
  try {
    const { info, user } = await open.get()
    const say = async (name: string, password: string) => {
      const wire = await ftpWire(info, 'ftp')
      const replies = [(await wire.command(`USER ${name}`)).text]
      if (replies[0]?.startsWith('331')) replies.push((await wire.command(`PASS ${password}`)).text)
      wire.destroy()
      return replies
    }
    const legacy = user('legacy')
    assert.match((await say('legacy', legacy.password)).at(-1) ?? '', /^230/)
    const refused = await say('mfa', user('mfa').password)
    assert.match(refused[0] ?? '', /^530 /)
    assert.deepEqual(await say('nobody-knows', 'x'), refused)
  } finally {
    await open.stop()
  }
})
