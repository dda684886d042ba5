import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { User } from '../../../src/core/identity.ts'
import type { Facts, PolicySettings } from '../../../src/core/policy/decide.ts'
import { createPolicy } from '../../../src/core/policy/policy.ts'
import { OPEN_POLICY } from '../../helpers/policy-settings.ts'
import { goodFacts, NOW } from './facts.ts'

const SETTINGS: PolicySettings = {
  ...OPEN_POLICY,
  cleartextListeners: new Set(['open']),
  anonymousListeners: new Set(['open', 'files']),
  admissions: new Map([
    [
      'partners',
      {
        users: new Set(['bob', '@staff']),
        hosts: new Map([
          ['alice.example', new Set(['alice'])],
          ['any.example', new Set<string>()],
        ]),
      },
    ],
    [
      'files',
      {
        users: new Set(),
        hosts: new Map([
          ['bob.example', new Set(['bob'])],
          ['public.example', new Set(['bob', 'anonymous'])],
        ]),
      },
    ],
  ]),
}
const ANONYMOUS: Partial<User> = { anonymous: true, name: 'anonymous' }

type Row = Readonly<{
  title: string
  reason?: string
  origin: Partial<Facts['origin']>
  user?: Partial<User>
  facts?: Partial<Facts>
}>

const ROWS: readonly Row[] = [
  { title: 'a listener without a list', origin: { listener: 'elsewhere' } },
  { title: 'an empty list', origin: { listener: 'files' } },
  { title: 'not on the list', origin: { listener: 'partners' }, reason: 'listener-not-allowed' },
  { title: 'on the list', origin: { listener: 'partners' }, user: { name: 'bob' } },
  {
    title: 'in a group on the list',
    origin: { listener: 'partners' },
    user: { groups: ['guests', 'staff'] },
  },
  {
    title: 'in another group, or of the name of one',
    origin: { listener: 'partners' },
    user: { name: 'staff', groups: ['bob', 'guests'] },
    reason: 'listener-not-allowed',
  },
  {
    title: "a host's list stands for the listener's groups too",
    origin: { listener: 'partners', host: 'alice.example' },
    user: { name: 'carol', groups: ['staff'] },
    reason: 'listener-not-allowed',
  },
  {
    title: "the host's list stands for the listener's",
    origin: { listener: 'partners', host: 'alice.example' },
  },
  {
    title: "not on the host's list, though on the listener's",
    origin: { listener: 'partners', host: 'alice.example' },
    user: { name: 'bob' },
    reason: 'listener-not-allowed',
  },
  {
    title: "a host without a list has the listener's",
    origin: { listener: 'partners', host: 'any.example' },
    reason: 'listener-not-allowed',
  },
  {
    title: 'a host with a list on a listener without',
    origin: { listener: 'files', host: 'bob.example' },
    reason: 'listener-not-allowed',
  },
  {
    title: 'anonymous where nobody said so',
    origin: { listener: 'main' },
    user: ANONYMOUS,
    facts: { proven: [] },
    reason: 'listener-not-allowed',
  },
  {
    title: 'anonymous where it is allowed',
    origin: { listener: 'files' },
    user: ANONYMOUS,
    facts: { proven: [] },
  },
  {
    title: 'anonymous on a host that has a list of its own, without that name',
    origin: { listener: 'files', host: 'bob.example' },
    user: ANONYMOUS,
    facts: { proven: [] },
    reason: 'listener-not-allowed',
  },
  {
    title: 'anonymous on a host that names them',
    origin: { listener: 'files', host: 'public.example' },
    user: ANONYMOUS,
    facts: { proven: [] },
  },
  {
    title: 'anonymous, though the name is locked: there is nothing to guess',
    origin: { listener: 'files' },
    user: ANONYMOUS,
    facts: { proven: [], userLockedUntil: NOW.getTime() + 1 },
  },
  {
    title: 'anonymous in clear where both are allowed',
    origin: { listener: 'open', door: 'ftp', encrypted: false },
    user: ANONYMOUS,
    facts: { proven: [] },
  },
  {
    title: 'anonymous in clear on a listener for TLS',
    origin: { listener: 'files', door: 'ftp', encrypted: false },
    user: ANONYMOUS,
    reason: 'encryption-required',
  },
  {
    title: 'anonymous and disabled',
    origin: { listener: 'files' },
    user: { ...ANONYMOUS, enabled: false },
    reason: 'user-disabled',
  },
  {
    title: 'anonymous through a door that is not theirs',
    origin: { listener: 'files' },
    user: { ...ANONYMOUS, doors: new Set(['sftp']) },
    reason: 'door-not-allowed',
  },
]

for (const { title, reason, origin, user, facts } of ROWS) {
  test(title, () => {
    const given = goodFacts(facts, user)
    const decision = createPolicy(SETTINGS).decide({ ...given, origin: { ...given.origin, ...origin } }, NOW)
    assert.equal(decision.allow ? undefined : decision.reason, reason, JSON.stringify(decision.trail.at(-1)))
  })
}
