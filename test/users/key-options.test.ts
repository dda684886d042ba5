import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parsePublicKey } from '../../src/users/public-key.ts'
import { readUsers } from '../../src/users/read.ts'
import { formatProblem } from '../../src/yaml/problem.ts'
import { makeSecurityKey } from '../helpers/security-key.ts'
import { usersFile } from './helpers.ts'
import { KEYS } from './samples.ts'

const KEY = KEYS.ed25519.line
const SECURITY_KEY = makeSecurityKey('sk-ssh-ed25519@openssh.com').line

function read(options: string, key: string = KEY) {
  const parsed = parsePublicKey(`${options} ${key}`)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  return { ...parsed.key, authority: parsed.authority, warnings: parsed.warnings }
}

function refusal(options: string, key: string = KEY): string {
  const parsed = parsePublicKey(`${options} ${key}`)
  return parsed.ok ? 'accepted' : `${parsed.message}; ${parsed.remedy}`
}

test('options are read as sshd reads them', () => {
  const key = read('from="192.0.2.0/24,!192.0.2.9, 10.*",expiry-time="203012311530Z"')
  assert.equal(key.fingerprint, KEYS.ed25519.fingerprint)
  assert.equal(key.comment, 'ed25519 key')
  assert.equal(key.options, 'from="192.0.2.0/24,!192.0.2.9, 10.*",expiry-time="203012311530Z"')
  assert.deepEqual(key.limits, {
    from: [
      { text: '192.0.2.0/24', negated: false },
      { text: '192.0.2.9', negated: true },
      { text: '10.*', negated: false },
    ],
    expires: new Date('2030-12-31T15:30:00Z'),
    touchWaived: false,
    verifyRequired: false,
  })
  assert.equal(read('CERT-Authority,principals="a, b"').authority, true)
  assert.deepEqual(read('cert-authority,principals="a, b"').principals, ['a', 'b'])
  assert.equal(read('restrict,no-pty,no-X11-forwarding,command="internal-sftp"').authority, false)
  assert.equal(read('no-touch-required', SECURITY_KEY).limits.touchWaived, true)
  assert.equal(read('verify-required', SECURITY_KEY).limits.verifyRequired, true)
})

test('times: a day, a minute, a second; without Z there is a warning', () => {
  assert.deepEqual(read('expiry-time="20301231Z"').limits.expires, new Date('2030-12-31T00:00:00Z'))
  assert.deepEqual(read('expiry-time="20301231235959Z"').limits.expires, new Date('2030-12-31T23:59:59Z'))
  assert.deepEqual(read('expiry-time="20301231Z"').warnings, [])
  assert.match(read('expiry-time="20301231"').warnings.join(), /read as UTC/)
  for (const bad of ['20300231Z', '2030', '20301231T10Z', '2030123124Z', '203012312460Z', '', '20301231z']) {
    assert.match(refusal(`expiry-time="${bad}"`), /no time that can be read; write it as/, bad)
  }
})

test('what is not known, not meant for the key or written wrongly is refused, with a remedy', () => {
  assert.match(refusal('environment="A=b"'), /environment is not supported; known are from/)
  assert.match(refusal('permitopen="a:1"'), /not supported/)
  assert.match(refusal('pty'), /option pty is not supported/)
  assert.match(refusal('constructor'), /not supported/)
  assert.match(refusal('command="/bin/sh"'), /there are none; remove it/)
  assert.match(refusal('from="*.example.org"'), /names are not looked up/)
  assert.match(refusal('from="host"'), /names are not looked up/)
  assert.match(refusal('from="!192.0.2.1"'), /allows no address/)
  assert.match(refusal('from=""'), /no address/)
  assert.match(refusal('from'), /needs a value in quotes; write it as from=/)
  assert.match(refusal('restrict="yes"'), /takes no value/)
  assert.match(refusal('restrict,restrict'), /there twice/)
  assert.match(refusal('principals="a"'), /put cert-authority before it/)
  assert.match(refusal('cert-authority,principals="a,,b"'), /no list of names/)
  assert.match(refusal('no-touch-required'), /is for security keys/)
  assert.match(refusal('verify-required'), /is for security keys/)
  assert.match(refusal('restrict;no-pty'), /one comma between/)
  assert.match(refusal('restrict,'), /cannot be read/)
  assert.match(refusal('from="192.0.2.1'), /this is no SSH public key|cannot be read/)
})

test('a problem has its line, column and remedy, and says nothing of the key', async (t) => {
  const { file, settings } = usersFile(
    t,
    `users:\n  bob:\n    keys:\n      - ${KEY}\n      - tunnel="0" ${KEY}\n`,
  )
  const result = await readUsers(file, settings)
  assert.ok(!result.ok)
  assert.deepEqual(
    result.problems.map((problem) => formatProblem(problem).replace(file, 'users.yaml')),
    [
      'users.yaml:5:9  users.bob.keys[1]: the option tunnel is not supported; known are from, expiry-time, principals, command, cert-authority, no-touch-required, verify-required, restrict, no-pty, no-port-forwarding, no-agent-forwarding, no-x11-forwarding, no-user-rc',
    ],
  )
})

test('no line throws, and none with an option that is unknown is taken', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'from="',
      '"',
      ',',
      '=',
      '\\',
      ' ',
      'restrict',
      'cert-authority',
      'ssh-ed25519',
      KEY,
      '\t',
    ),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const parsed = parsePublicKey(pieces.join(''))
      if (parsed.ok) assert.equal(parsed.key.fingerprint, KEYS.ed25519.fingerprint)
      else assert.ok(parsed.message !== '' && parsed.remedy !== '')
    }),
    { numRuns: 2000 },
  )
})
