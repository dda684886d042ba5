import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUsers } from '../../src/users/read.ts'
import { formatProblem } from '../../src/yaml/problem.ts'
import { makeKey } from '../helpers/memory-users.ts'
import { secrets, usersFile } from './helpers.ts'
import { HASHES, KEYS } from './samples.ts'

test('one user with everything', async (t) => {
  const { file, settings } = usersFile(
    t,
    `users:
  alice:
    password: ${HASHES.argon2}
    keys:
      - ${KEYS.ed25519.line}
    certificates: ["${'AB:'.repeat(31)}AB", "O = Acme, CN=bot"]
    totp: { secret: '${secrets.seal('alice', Buffer.from('hello'))}', digits: 8 }
    doors: [ftp, sftp]
    groups: [partners, in-house]
    allow: [192.0.2.7, 2001:db8::/32]
    home: partners/alice
    mounts:
      - { at: /shared/in, path: /data/in, permissions: read-only }
    permissions: [list, read, create]
    expires: 2030-12-31
    maxSessions: 3
    quota: { bytes: 1000, files: 5 }
    rate: { downKiBPerSecond: 512 }
    tlsSessionReuse: require
    sunset: { plaintextUntil: 2030-06-30, owner: ops@example.org, reason: old scanner }
`,
  )
  const result = await readUsers(file, settings)
  assert.ok(result.ok, JSON.stringify(result))
  const alice = result.set.users.get('alice')
  assert.deepEqual(alice, {
    id: 'alice',
    name: 'alice',
    enabled: true,
    anonymous: false,
    expires: new Date('2030-12-31T23:59:59.999Z'),
    doors: new Set(['ftp', 'sftp']),
    groups: ['partners', 'in-house'],
    allow: ['192.0.2.7/32', '2001:db8::/32'],
    chains: [
      ['password', 'totp'],
      ['publickey', 'totp'],
    ],
    mounts: [
      { at: '/', location: '/srv/home/partners/alice', permissions: new Set(['list', 'read', 'create']) },
      { at: '/shared/in', location: '/data/in', permissions: new Set(['list', 'read']) },
    ],
    limits: {
      maxSessions: 3,
      quotaBytes: 1000,
      quotaFiles: 5,
      bytesPerSecond: { down: 524_288, up: 0 },
    },
    tlsReuse: 'require',
    sunset: {
      plaintextUntil: new Date('2030-06-30T23:59:59.999Z'),
      owner: 'ops@example.org',
      reason: 'old scanner',
    },
    credentials: {
      passwordHash: HASHES.argon2,
      keys: [{ ...makeKey(KEYS.ed25519.fingerprint), comment: 'ed25519 key' }],
      authorities: [],
      principals: [],
      certificates: ['ab'.repeat(32), 'O=Acme, CN=bot'],
      totp: { secret: Buffer.from('hello'), algorithm: 'sha1', digits: 8, periodSeconds: 30 },
    },
  })
  assert.deepEqual(result.set.warnings, [])
})

test('a user with a password alone has the safe defaults', async (t) => {
  const { file, settings } = usersFile(t, `users:\n  bob: { password: ${HASHES.sha512} }\n`)
  const result = await readUsers(file, settings)
  assert.ok(result.ok)
  const bob = result.set.users.get('bob')
  assert.deepEqual(bob?.chains, [['password']])
  assert.deepEqual([...(bob?.doors ?? [])], ['ftps', 'sftp'])
  assert.equal(bob?.mounts[0]?.location, '/srv/home/bob')
  assert.equal(bob?.mounts[0]?.permissions.size, 10)
  assert.equal(bob?.sunset, undefined)
})

test('an empty file, or one with an empty list, has no users', async (t) => {
  for (const text of ['', 'users:\n', 'users: {}\n', '# nothing\n']) {
    const { file, settings } = usersFile(t, text)
    const result = await readUsers(file, settings)
    assert.equal(result.ok && result.set.users.size, 0, text)
  }
})

async function complaints(file: string, settings: Parameters<typeof readUsers>[1]) {
  const result = await readUsers(file, settings)
  const problems = result.ok ? result.set.warnings : result.problems
  return problems.map((problem) => formatProblem(problem).replace(file, 'FILE'))
}

test('problems of the schema, all at once; what was written is not shown', async (t) => {
  const { file, settings } = usersFile(
    t,
    `users:
  alice:
    pasword: hunter2
    enabled: hunter2
    doors: [ftps, ssh]
    allow: [10.0.0.0/40]
    expires: 2030-02-30
    quota: { bytes: -1 }
    rate: { upKiBPerSecond: 1 }
  "bad name":
    permissions: [reed]
  bob:
    factors: []
    sunset: { plaintextUntil: tomorrow, owner: x }
    groups: ["@staff"]
`,
  )
  assert.deepEqual(await complaints(file, settings), [
    'FILE:3:5  users.alice.pasword: unknown key; did you mean password?',
    'FILE:4:14  users.alice.enabled: expected true or false',
    'FILE:5:19  users.alice.doors[1]: expected ftp, ftps or sftp',
    'FILE:6:13  users.alice.allow[0]: expected an address or a network such as 192.0.2.0/24 or 2001:db8::/32',
    'FILE:7:14  users.alice.expires: expected a date such as 2030-12-31, or a time such as 2030-12-31T18:00:00Z',
    'FILE:8:21  users.alice.quota.bytes: expected a whole number, 0 or more',
    'FILE:9:29  users.alice.rate.upKiBPerSecond: expected 0, or a whole number from 64',
    'FILE:10:3  users.bad name: expected a name of 1 to 64 letters, digits and . _ @ + -, a letter or digit first',
    'FILE:13:5  users.bob.factors: expected at least one chain',
    'FILE:14:5  users.bob.sunset.reason: is missing: expected text',
    'FILE:14:31  users.bob.sunset.plaintextUntil: expected a date such as 2030-12-31, or a time such as 2030-12-31T18:00:00Z',
    'FILE:15:14  users.bob.groups[0]: expected letters, digits, dots, dashes and underscores, a letter or digit first',
  ])
})

test('problems of meaning, all at once', async (t) => {
  const { file, settings } = usersFile(
    t,
    `users:
  alice:
    password: hunter2
    keys:
      - ${KEYS.rsab1024.line}
      - ${KEYS.ed25519.line}
      - ${KEYS.ed25519.line}
    totp: { secret: '${secrets.seal('bob', Buffer.from('hello'))}' }
    factors: [[totp], [password, password]]
    mounts:
      - { at: shared, path: x }
      - { at: /, path: x }
`,
  )
  const lines = await complaints(file, settings)
  assert.deepEqual(lines, [
    'FILE:3:15  users.alice.password: this is not a password hash; plain passwords are never stored; set a new password with: sallyport user passwd NAME',
    'FILE:5:9  users.alice.keys[0]: an RSA key of 1024 bits is too weak; make one with: ssh-keygen -t ed25519',
    'FILE:7:9  users.alice.keys[2]: this key is in the list already; remove one of them',
    'FILE:8:21  users.alice.totp.secret: cannot be decrypted with the key file; restore that file, or enrol anew with: sallyport user totp enrol alice',
    'FILE:9:15  users.alice.factors[0]: totp alone can be guessed; put another factor beside it',
    'FILE:9:23  users.alice.factors[1]: names a factor twice',
    'FILE:11:15  users.alice.mounts[0].at: expected a path that starts with /, such as /shared',
    'FILE:12:15  users.alice.mounts[1].at: there is a folder at / already; choose another place',
  ])
})

test('warnings name what is allowed but should be mended', async (t) => {
  const { file, settings } = usersFile(
    t,
    `users:
  alice:
    password: ${HASHES.argon2}
    keys: ['${KEYS.rsab2048.line}']
    totp: { secret: '${secrets.seal('alice', Buffer.from('hello'))}' }
    factors: [[publickey], [password, totp]]
  bob: {}
  carol:
    password: ${HASHES.argon2}
    sunset: { plaintextUntil: 2030-06-30, owner: ops, reason: scanner }
  dora:
    password: ${HASHES.argon2}
    doors: [ftps, ftp]
`,
  )
  const lines = await complaints(file, settings)
  assert.equal(lines.length, 5)
  assert.match(lines.join('\n'), /users\.carol\.sunset: has no effect without the door ftp; add ftp to doors/)
  assert.match(lines.join('\n'), /users\.dora\.doors\[1\]: ftp has no effect without a sunset/)
  assert.match(
    lines.join('\n'),
    /factors\[0\]: this chain does not ask for the one-time code that is enrolled/,
  )
  assert.match(lines.join('\n'), /an RSA key of 2048 bits should be replaced/)
  assert.match(lines.join('\n'), /FILE:7:3 {2}users\.bob: cannot log in/)
})

test('a hash that fell apart for want of quotes is not shown', async (t) => {
  const { file, settings } = usersFile(t, `users:\n  bob: { password: ${HASHES.argon2} }\n`)
  const lines = await complaints(file, settings)
  assert.equal(lines.length, 2)
  for (const line of lines) {
    assert.match(line, /^FILE:2:3 {2}users\.bob: (holds an unknown key; is a quote missing|unknown key)/)
    assert.ok(!line.includes(HASHES.argon2.slice(-20)))
  }
})

test('a name that stands twice is a problem', async (t) => {
  const { file, settings } = usersFile(t, 'users:\n  bob: {}\n  bob: {}\n')
  assert.match((await complaints(file, settings))[0] ?? '', /^FILE:3:3 {2}this key stands twice/)
})

test('a home inside a folder in which somebody else may make links is refused, with the way out', async (t) => {
  const nested = (permissions: string) => `users:
  manager: { password: '${HASHES.argon2}', home: ., permissions: ${permissions} }
  alice: { password: '${HASHES.argon2}' }
`
  const { file, settings } = usersFile(t, nested('full'))
  const result = await readUsers(file, settings)
  assert.ok(!result.ok)
  assert.deepEqual(
    result.problems.map(({ path, remedy }) => ({ path, remedy })),
    [
      {
        path: 'users.alice',
        remedy: 'put it outside of that folder, or take the action link from manager',
      },
    ],
  )
  const reader = usersFile(t, nested('read-only'))
  assert.ok((await readUsers(reader.file, reader.settings)).ok)
})
