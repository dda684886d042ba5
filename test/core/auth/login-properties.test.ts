// Whatever two clients of one user do, and whatever is edited meanwhile: nobody is in who has not proven a chain of this moment.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashArgon2 } from '../../../src/core/auth/argon2.ts'
import type { Login, LoginStep } from '../../../src/core/auth/login.ts'
import type { Factor, User } from '../../../src/core/identity.ts'
import { CHEAP, codeAt, createHarness, fullUser, type Harness, SHOWN_KEY } from './harness.ts'

const PASSWORDS = ['first', 'second'] as const
const HASHES = await Promise.all(PASSWORDS.map((password) => hashArgon2(password, CHEAP)))
const CHAINS: readonly User['chains'][] = [
  [['password']],
  [['password', 'totp']],
  [['publickey', 'totp']],
  [['publickey', 'password']],
  [
    ['publickey', 'password', 'totp'],
    ['password', 'publickey'],
  ],
]

/** What a client says; `which` password. */
type Say =
  | Readonly<{ do: 'begin' | 'leave' | 'code' | 'key' | 'wrong-code' | 'wrong-key'; by: number }>
  | Readonly<{ do: 'password' | 'appended'; by: number; which: number }>
/** What the operator edits, or time. */
type Edit =
  | Readonly<{ do: 'enabled'; is: boolean }>
  | Readonly<{ do: 'chains' | 'passwd'; to: number }>
  | Readonly<{ do: 'wait' }>

const by = fc.nat({ max: 1 })
const act: fc.Arbitrary<Say | Edit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('begin', 'code', 'key'), by }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('leave', 'wrong-code', 'wrong-key'), by }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('password', 'appended'), by, which: fc.nat({ max: 1 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('enabled'), is: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('chains'), to: fc.nat({ max: CHAINS.length - 1 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('passwd'), to: fc.nat({ max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait') }) },
)

/** One connection, and what was accepted from it since the name was said: which password, and the text of the code. */
type Client = {
  login: Login
  begun: boolean
  password: number | undefined
  key: boolean
  code: string | undefined
}

class Model {
  readonly h: Harness
  readonly clients: Client[]
  user = fullUser('alice')
  password = 0
  granted = 0
  /** Codes that have let somebody in. */
  readonly spent = new Set<string>()

  constructor() {
    const never = { after: 0, windowMs: 1, lockMs: 1 }
    const settings = { attemptsPerConnection: 1000, lockout: { user: never, address: never } }
    this.h = createHarness([this.user], { settings })
    this.clients = [this.client(), this.client()]
    this.edit({ credentials: { ...this.user.credentials, passwordHash: HASHES[0] } })
  }

  client(): Client {
    return { login: this.h.connect(), begun: false, password: undefined, key: false, code: undefined }
  }

  edit(changes: Partial<User>): void {
    this.user = { ...this.user, ...changes }
    this.h.users.put(this.user)
  }

  /** What the client has proven to the record of this moment. */
  proven({ password, key, code }: Client): ReadonlySet<Factor> {
    return new Set<Factor>([
      ...(password === this.password ? (['password'] as const) : []),
      ...(key ? (['publickey'] as const) : []),
      ...(code === undefined ? [] : (['totp'] as const)),
    ])
  }
}

function note(client: Client, say: Say, code: string): void {
  if (say.do === 'password' || say.do === 'appended') client.password = say.which
  if (say.do === 'code' || say.do === 'appended') client.code = code
  if (say.do === 'key') client.key = true
}

function proofOf(one: Say, code: string): Parameters<Login['offer']>[0] {
  switch (one.do) {
    case 'password':
      return { factor: 'password', secret: PASSWORDS[one.which] ?? '' }
    case 'appended':
      return { factor: 'password', secret: `${PASSWORDS[one.which]}${code}` }
    case 'code':
      return { factor: 'totp', code }
    case 'wrong-code':
      return { factor: 'totp', code: code === '000000' ? '111111' : '000000' }
    default:
      return { factor: 'publickey', ...SHOWN_KEY, signatureVerified: one.do === 'key' }
  }
}

/** An offer leaves one answer in the audit. */
function checkAudit(h: Harness, from: number, step: LoginStep): void {
  const types = h.events.slice(from).map(({ type }) => type)
  const count = (type: string) => types.filter((one) => one === type).length
  assert.equal(count('login.denied'), step.state === 'denied' ? 1 : 0, types.join())
  assert.equal(count('login.granted'), step.state === 'granted' ? 1 : 0, types.join())
  if (step.state === 'more') assert.ok(count('login.factor-ok') > 0)
}

async function offer(model: Model, client: Client, say: Say): Promise<void> {
  const { h, user } = model
  const from = h.events.length
  const code = codeAt(h.clock.now())
  const step = await h.offer(client.login, proofOf(say, code))
  checkAudit(h, from, step)
  // What came with a code that was spent already was right all the same.
  const replayed = step.state === 'denied' && step.reason === 'replayed-code'
  if (step.state !== 'denied' || replayed) note(client, say, code)
  if (replayed) client.code = undefined
  if (step.state !== 'granted') return
  const proven = model.proven(client)
  assert.ok(user.enabled)
  const whole = user.chains.some((chain) => chain.every((factor) => proven.has(factor)))
  assert.ok(whole, `${[...proven].join()} for ${JSON.stringify(user.chains)}`)
  if (client.code !== undefined) {
    assert.equal(model.spent.has(client.code), false, 'a code counts once')
    model.spent.add(client.code)
  }
  model.granted += 1
  Object.assign(client, model.client())
  await step.session.close()
}

function edit(model: Model, one: Edit): Promise<void> | void {
  switch (one.do) {
    case 'wait':
      return model.h.clock.advance(30_000)
    case 'enabled':
      return model.edit({ enabled: one.is })
    case 'chains':
      return model.edit({ chains: CHAINS[one.to] ?? [] })
    case 'passwd':
      model.password = one.to
      return model.edit({ credentials: { ...model.user.credentials, passwordHash: HASHES[one.to] } })
  }
}

async function perform(model: Model, one: Say | Edit): Promise<void> {
  if (!('by' in one)) return edit(model, one)
  const client = model.clients[one.by]
  if (client === undefined) return
  if (one.do === 'leave') client.login.leave()
  else if (one.do === 'begin') {
    Object.assign(client, { begun: true, password: undefined, key: false, code: undefined })
    await client.login.begin('alice')
  } else if (client.begun) await offer(model, client, one)
}

test('no row of names, proofs and edits lets anybody in who has not proven a chain of that moment', async () => {
  let granted = 0
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 60 }), async (acts) => {
      const model = new Model()
      for (const one of acts) await perform(model, one)
      assert.equal(model.h.sessions.count, 0)
      assert.equal(await model.h.state.countSessions(model.user.id), 0)
      granted += model.granted
    }),
    { numRuns: 300 },
  )
  assert.ok(granted > 100, `${granted} logins`)
})
