// Chains of factors with partial success, as OpenSSH and paramiko go through them.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hashArgon2 } from '../../src/core/auth/argon2.ts'
import type { KeyTrust } from '../../src/core/auth/key-rules.ts'
import type { Factor } from '../../src/core/identity.ts'
import { codeAt, TOTP_CREDENTIAL } from '../core/auth/harness.ts'
import { run, succeed } from '../helpers/child.ts'
import { clientTest, program, pythonWith } from '../helpers/clients.ts'
import { type CoreServer, startSftpCore, TEST_SECRETS } from '../helpers/sftp-core.ts'
import { type KeyFiles, keyBench } from '../helpers/ssh-keys.ts'

const PASSWORD = 'correct horse'
const SCRIPT = fileURLToPath(new URL('../interop/python/paramiko_chain.py', import.meta.url))
const python = pythonWith('paramiko')
const bench = keyBench()
let key: KeyFiles
let ca: KeyFiles
let hash = ''
const certificates = new Map<string, string>()

/** A login of its own each, for a code counts once and time stands still. */
type Case = Readonly<{
  user: string
  chain: readonly Factor[]
  certificate?: true
  /** What OpenSSH may try, in this order. */
  methods: string
  /** What paramiko does, and the methods that are left after each but the last. */
  steps: readonly ('publickey' | 'password' | 'appended' | 'interactive')[]
  left: readonly (readonly string[])[]
}>

const ANY_PASSWORD = ['keyboard-interactive', 'password']
const CASES: readonly Case[] = [
  {
    user: 'key-password',
    chain: ['publickey', 'password'],
    methods: 'publickey,password',
    steps: ['publickey', 'password'],
    left: [ANY_PASSWORD],
  },
  {
    user: 'key-prompt',
    chain: ['publickey', 'password'],
    methods: 'publickey,keyboard-interactive',
    steps: ['publickey', 'interactive'],
    left: [ANY_PASSWORD],
  },
  {
    user: 'key-code',
    chain: ['publickey', 'totp'],
    methods: 'publickey,keyboard-interactive',
    steps: ['publickey', 'interactive'],
    left: [['keyboard-interactive']],
  },
  {
    user: 'key-password-code',
    chain: ['publickey', 'password', 'totp'],
    methods: 'publickey,password,keyboard-interactive',
    steps: ['publickey', 'password', 'interactive'],
    left: [ANY_PASSWORD, ['keyboard-interactive']],
  },
  {
    user: 'certificate-password',
    chain: ['publickey', 'password'],
    certificate: true,
    methods: 'publickey,password',
    steps: ['publickey', 'password'],
    left: [ANY_PASSWORD],
  },
  {
    user: 'certificate-code',
    chain: ['publickey', 'totp'],
    certificate: true,
    methods: 'publickey,keyboard-interactive',
    steps: ['publickey', 'interactive'],
    left: [['keyboard-interactive']],
  },
  {
    user: 'prompts',
    chain: ['password', 'totp'],
    methods: 'keyboard-interactive',
    steps: ['interactive'],
    left: [],
  },
  {
    user: 'password-code',
    chain: ['password', 'totp'],
    methods: 'password,keyboard-interactive',
    steps: ['password', 'interactive'],
    left: [['keyboard-interactive']],
  },
  { user: 'appended', chain: ['password', 'totp'], methods: 'password', steps: ['appended'], left: [] },
]

function record({ user, chain, certificate }: Case): string {
  const proof = certificate === true ? `principals: [${user}]` : `keys: ['${key.line}']`
  const secret = TEST_SECRETS.seal(user, TOTP_CREDENTIAL.secret)
  return `  ${user}: { ${proof}, password: '${hash}', totp: { secret: '${secret}' }, factors: [[${chain.join(', ')}]] }`
}

const trust: KeyTrust = { trusts: (_, authority) => authority === ca.fingerprint, isRevoked: () => false }

async function start(): Promise<CoreServer> {
  return startSftpCore({ users: `users:\n${CASES.map(record).join('\n')}\n`, trust })
}

before(async () => {
  ;[key, ca] = await Promise.all([bench.make('key', 'ed25519'), bench.make('ca', 'ed25519')])
  hash = await hashArgon2(PASSWORD, { memoryKiB: 8, passes: 1, parallelism: 1 })
  for (const { user, certificate } of CASES) {
    if (certificate === true) {
      certificates.set(user, await bench.certify(ca, { key, args: ['-n', user] }))
    }
  }
  const cases = '*ode:*) printf "%s\\n" "$CODE" ;; *) printf "%s\\n" "$PASSWORD" ;;'
  writeFileSync(join(bench.dir, 'askpass'), `#!/bin/sh\ncase "$1" in ${cases} esac\n`, { mode: 0o700 })
})

/** The options come first: the first word about questions counts, and -b would forbid them. */
async function openssh({ port, clock }: CoreServer, { user, methods, steps }: Case): Promise<string> {
  const certificate = certificates.get(user)
  const options = [
    `PreferredAuthentications=${methods}`,
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=no',
    'NumberOfPasswordPrompts=1',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    ...(certificate === undefined ? [] : [`CertificateFile=${certificate}`]),
  ].flatMap((option) => ['-o', option])
  const code = codeAt(clock.now())
  const appended = steps.includes('appended')
  const { code: status, output } = await run(
    'sftp',
    ['-F', 'none', ...options, '-b', '-', '-i', key.file, '-P', String(port), `${user}@127.0.0.1`],
    {
      home: join(bench.dir, 'home'),
      input: 'pwd\n',
      env: {
        SSH_ASKPASS: join(bench.dir, 'askpass'),
        SSH_ASKPASS_REQUIRE: 'force',
        CODE: code,
        PASSWORD: appended ? `${PASSWORD}${code}` : PASSWORD,
      },
    },
  )
  return status === 0 ? 'in' : output
}

async function paramiko({ port, clock }: CoreServer, { user, steps }: Case): Promise<unknown> {
  const job = {
    port,
    user,
    steps,
    key: key.file,
    certificate: certificates.get(user),
    password: PASSWORD,
    code: codeAt(clock.now()),
  }
  const { stdout } = await succeed(python.path ?? 'python3', ['-B', '-W', 'ignore', SCRIPT], {
    home: join(bench.dir, 'home'),
    input: JSON.stringify(job),
  })
  return JSON.parse(stdout)
}

test('every chain with OpenSSH', async (t) => {
  const server = await start()
  t.after(() => server.close())
  for (const one of CASES) {
    server.events.length = 0
    assert.equal(await openssh(server, one), 'in', one.user)
    const granted = server.events.find((event) => event.type === 'login.granted')
    assert.deepEqual(granted?.type === 'login.granted' && [...granted.factors].sort(), [...one.chain].sort())
  }
})

test('no chain with OpenSSH when its last method is left out', async (t) => {
  const server = await start()
  t.after(() => server.close())
  for (const one of CASES.filter(({ methods }) => methods.includes(','))) {
    const methods = one.methods.split(',').slice(0, -1).join(',')
    assert.notEqual(await openssh(server, { ...one, methods }), 'in', one.user)
  }
  assert.equal(server.open(), 0)
})

clientTest('every chain with paramiko', [python, program('ssh-keygen')], async (t) => {
  const server = await start()
  t.after(() => server.close())
  for (const one of CASES) {
    assert.deepEqual(await paramiko(server, one), [...one.left, []], one.user)
  }
})
