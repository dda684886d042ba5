import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decoyArgon2, isArgon2 } from '../../src/core/auth/argon2.ts'
import { complaints, loaded, project } from './helpers.ts'

test('an empty file gives the defaults, frozen, with absolute paths', (t) => {
  const { dir, file } = project(t, '')
  const config = loaded(file)
  assert.equal(config.login.graceSeconds, 60)
  assert.deepEqual(
    config.listeners.map((one) => [one.name, one.door, one.port]),
    [
      ['ftp', 'ftp', 2121],
      ['ftps', 'ftp', 2990],
      ['sftp', 'sftp', 2222],
    ],
  )
  assert.equal(config.files.umask, 0o077)
  assert.equal(config.users.file, join(dir, 'config/users.yaml'))
  assert.equal(config.state.file, join(dir, 'data/state.db'))
  assert.equal(config.keys.hostKeys[0], join(dir, 'keys/ssh_host_ed25519_key'))
  assert.throws(() => {
    ;(config.login.lockout.user as { after: number }).after = 0
  }, TypeError)
})

test('relative paths start at server.baseDir, which starts at the folder of the file', (t) => {
  const { dir, file } = project(
    t,
    'server: { baseDir: sub }\nlog: { file: null }\ntls: { keyFile: /etc/key }\n',
  )
  const config = loaded(file)
  assert.equal(config.server.baseDir, join(dir, 'config/sub'))
  assert.equal(config.files.homes, join(dir, 'config/sub/home'))
  assert.equal(config.log.file, null)
  assert.equal(config.tls.keyFile, '/etc/key')
})

test('all problems come at once, each with its line, column and remedy', (t) => {
  const { file } = project(
    t,
    [
      'login:',
      '  graceSecond: 4',
      '  failureDelayMs: fast',
      'ftp:',
      '  passivPorts: { from: 1 }',
      'files: { umask: 022, symlinks: folow }',
      'listeners:',
      '  - { name: a, door: ftp, port: 70000 }',
      '  - { name: b, door: sftp, port: 22, tls: implicit }',
      '  - { name: c, door: telnet, port: 23 }',
      '  - { name: d, door: sftp }',
      'connections: { max: 1e400 }',
      'passwords: { argon2: { memoryKiB: 8, parallelism: 4 } }',
      'nonsense: 1',
      '',
    ].join('\n'),
  )
  assert.deepEqual(complaints(file), [
    'FILE:2:3  login.graceSecond: unknown key; did you mean graceSeconds?',
    'FILE:3:19  login.failureDelayMs: expected a whole number from 0 to 60000, found "fast"',
    'FILE:5:3  ftp.passivPorts: unknown key; did you mean passivePorts?',
    "FILE:6:17  files.umask: expected an octal number in quotes, such as '077', found 22",
    'FILE:6:32  files.symlinks: expected follow or refuse, found "folow"',
    'FILE:8:33  listeners[0].port: expected a whole number from 0 to 65535, found 70000',
    'FILE:9:38  listeners[1].tls: does not apply to this kind of entry; remove it, or change the kind of this entry',
    'FILE:10:22  listeners[2].door: expected ftp or sftp, found "telnet"',
    'FILE:11:5  listeners[3].port: is missing: expected a whole number from 0 to 65535',
    'FILE:12:21  connections.max: expected a whole number from 0 to 1000000, found Infinity',
    'FILE:13:35  passwords.argon2.memoryKiB: 8 KiB is too little for 4 lanes; have 32 or more',
    'FILE:14:1  nonsense: unknown key; the keys here are server, listeners, login, connections, access, passwords, mfa, ftp, sftp, tls, keys, users, state, audit, log, files',
  ])
})

test('a hash of the highest cost that can be set is one that is read', (t) => {
  const most = { memoryKiB: 1_048_576, passes: 64, parallelism: 16 }
  const passwords = (cost: object) => project(t, `passwords: { argon2: ${JSON.stringify(cost)} }`).file
  const { argon2 } = loaded(passwords(most)).passwords
  assert.deepEqual(argon2, most)
  assert.ok(isArgon2(decoyArgon2(argon2)))
  for (const [key, value] of Object.entries(most)) {
    assert.equal(complaints(passwords({ ...most, [key]: value + 1 })).length, 1, key)
  }
})

test('by default every client that is not logged in yet may wait for its password to be verified', (t) => {
  const { connections, passwords } = loaded(project(t, '').file)
  assert.ok(passwords.queue > connections.unauthenticated)
})

test('two listeners at one port are found however their addresses overlap', (t) => {
  const at = (first: string, second: string) =>
    complaints(
      project(
        t,
        `listeners:\n  - { name: a, door: ftp, port: 21, address: "${first}" }\n  - { name: b, door: ftp, port: 21, address: "${second}" }\n`,
      ).file,
    )
  for (const [first, second] of [
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['::', '127.0.0.1'],
    ['::', '0.0.0.0'],
    ['*', '::1'],
  ] as const)
    assert.match(at(first, second)[0] ?? '', /listeners\[1\]\.port: port 21 is taken by listener a/, first)
  for (const [first, second] of [
    ['0.0.0.0', '::1'],
    ['127.0.0.1', '127.0.0.2'],
  ] as const)
    assert.deepEqual(at(first, second), [])
})

test('a key in the wrong group is sent to its own', (t) => {
  const { file } = project(
    t,
    [
      'passivePorts: { from: 1, to: 2 }',
      'idleSeconds: 5',
      'ftp: { handshakeSeconds: 5, idelSeconds: 5 }',
      '',
    ].join('\n'),
  )
  assert.deepEqual(complaints(file), [
    'FILE:1:1  passivePorts: unknown key; it belongs below ftp',
    'FILE:2:1  idleSeconds: unknown key; it belongs below ftp or sftp',
    'FILE:3:8  ftp.handshakeSeconds: unknown key; it belongs below tls',
    'FILE:3:29  ftp.idelSeconds: unknown key; did you mean idleSeconds?',
  ])
})

test('keys that do not fit together are found beside other problems', (t) => {
  const { file } = project(
    t,
    [
      'listeners:',
      '  - { name: a, door: ftp, port: 21, tls: implicit, cleartext: true }',
      '  - { name: a, door: sftp, port: 21, address: 127.0.0.1 }',
      '  - { name: c, door: sftp, port: 50001 }',
      'ftp: { passivePorts: { from: 50000, to: 50003 } }',
      'audit: { file: same }',
      'log: { file: same }',
      'sftp: { idleSeconds: 0 }',
      '',
    ].join('\n'),
  )
  assert.deepEqual(complaints(file), [
    'FILE:2:63  listeners[0].cleartext: a listener with implicit TLS is never in clear; set tls: explicit, or cleartext: false',
    'FILE:3:13  listeners[1].name: the name a is taken by listeners[0]; give each listener its own name',
    'FILE:3:34  listeners[1].port: port 21 is taken by listener a; choose another port or address',
    'FILE:4:34  listeners[2].port: port 50001 lies in the passive range 50000 to 50003; move the listener or ftp.passivePorts',
    'FILE:5:41  ftp.passivePorts.to: a range of 4 is too small: each transfer under way takes one port; have 10 ports or more',
    'FILE:7:14  log.file: same is already used by audit.file; give each its own file',
    'FILE:8:22  sftp.idleSeconds: expected a whole number from 1 to 86400, found 0',
  ])
})

test('one port on two addresses, and port 0 twice, are fine', (t) => {
  const { file } = project(
    t,
    [
      'listeners:',
      '  - { name: a, door: ftp, port: 21, address: 127.0.0.1 }',
      '  - { name: b, door: ftp, port: 21, address: 127.0.0.2 }',
      '  - { name: c, door: sftp, port: 0 }',
      '  - { name: d, door: sftp, port: 0 }',
    ].join('\n'),
  )
  assert.deepEqual(complaints(file), [])
})

test('YAML that cannot be read is one clear problem', (t) => {
  const broken: Record<string, RegExp> = {
    'login: {': /^FILE:\d+:\d+ {2}this is not valid YAML: .*; look for a missing colon/,
    'login: {}\nlogin: {}\n': /^FILE:2:1 {2}this key stands twice/,
    'login: {}\n---\nftp: {}\n': /more than one YAML document/,
    'login:\n\tgraceSeconds: 1\n': /a tab is used to indent/,
    '- a\n- b\n': /^FILE:1:\d+ {2}expected a group of keys/,
  }
  for (const [text, expected] of Object.entries(broken)) {
    const { file } = project(t, text)
    assert.match(complaints(file)[0] ?? '', expected, text)
  }
  const { file } = project(t, 'ftp:\n  idleSeconds: 10\n   stallSeconds: 1\n')
  assert.equal(complaints(file).length, 1, 'not what the parser finds after it in the same place')
})

test('a file in another encoding is not guessed at', (t) => {
  const { file } = project(t, '')
  for (const bytes of [
    Buffer.from('log: { file: "Gr\u00fc\u00dfe" }\n', 'latin1'),
    Buffer.from('\ufefflog: {}\n', 'utf16le'),
  ]) {
    writeFileSync(file, bytes)
    assert.deepEqual(complaints(file), ['FILE:1:1  the file is not UTF-8; save it as UTF-8'])
  }
})

test('the common passive range takes no port where every ftp listener has its own', (t) => {
  const own = 'listeners:\n  - { name: a, door: ftp, port: 21, passivePorts: { from: 41000, to: 41100 } }\n'
  const other = (port: number) => `  - { name: b, door: sftp, port: ${port} }\n`
  assert.deepEqual(complaints(project(t, own + other(40000)).file), [])
  assert.match(complaints(project(t, own + other(41000)).file)[0] ?? '', /passive range 41000 to 41100/)
})

test('aliases that would fill the memory are refused', (t) => {
  const levels = 'bcdefghij'
    .split('')
    .map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index]}, `.repeat(9)}*${'abcdefghi'[index]}]`)
  const { file } = project(t, ['a: &a [x]', ...levels].join('\n'))
  assert.match(complaints(file)[0] ?? '', /the YAML cannot be expanded/)
})

test('a file that is absent, a folder or far too large says so', (t) => {
  const { dir, file } = project(t, `# ${'x'.repeat(1024 * 1024)}\n`)
  assert.match(complaints(file)[0] ?? '', /the file has 1048579 bytes; at most 1048576 are read/)
  assert.match(complaints(join(dir, 'none.yaml'))[0] ?? '', /the file does not exist; /)
  mkdirSync(join(dir, 'folder'))
  assert.match(complaints(join(dir, 'folder'))[0] ?? '', /this is a folder; name the YAML file in it/)
})

test('networks are normalised, a bare address to a network of one', (t) => {
  const { file } = project(t, 'access: { allow: [192.0.2.7, "2001:db8::/32"], deny: [10.0.0.0/33] }\n')
  assert.match(complaints(file)[0] ?? '', /access\.deny\[0\]: expected an address or a network/)
  const good = project(t, 'access: { allow: [192.0.2.7, "2001:db8::/32"] }\n')
  assert.deepEqual(loaded(good.file).access.allow, ['192.0.2.7/32', '2001:db8::/32'])
})
