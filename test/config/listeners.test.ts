import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { exceptionEndMs } from '../../src/config/exceptions.ts'
import { complaints, loaded, project } from './helpers.ts'

test('paths of listeners and of their hosts become absolute', (t) => {
  const { dir, file } = project(
    t,
    `listeners:
  - name: one
    door: ftp
    port: 0
    certificateFile: keys/one.crt
    keyFile: keys/one.key
    hosts: [{ name: a.test, certificateFile: keys/a.crt, keyFile: /etc/a.key, bannerFile: a.txt }]
  - { name: two, door: sftp, port: 0, hostKeys: [keys/two], bannerFile: two.txt }
`,
  )
  const [one, two] = loaded(file).listeners
  assert.ok(one?.door === 'ftp' && two?.door === 'sftp')
  assert.equal(one.certificateFile, join(dir, 'keys/one.crt'))
  assert.equal(one.bannerFile, null)
  assert.deepEqual(
    one.hosts.map((host) => [host.certificateFile, host.keyFile, host.bannerFile]),
    [[join(dir, 'keys/a.crt'), '/etc/a.key', join(dir, 'a.txt')]],
  )
  assert.deepEqual([two.hostKeys, two.bannerFile], [[join(dir, 'keys/two')], join(dir, 'two.txt')])
})

const listenerOf = (rest: string): string => `listeners: [{ name: x, door: ftp, port: 50001, ${rest} }]\n`

const sftpListener = (rest: string): string => `listeners: [{ name: x, door: sftp, port: 50001, ${rest} }]\n`

test('a dated exception of SSH needs networks, known names, a day, an owner and a reason', (t) => {
  const whole = 'networks: [10.1.2.3/8], allow: [rsa-2048], until: 2031-12-31, owner: ops, reason: why'
  const [listener] = loaded(project(t, sftpListener(`exceptions: [{ ${whole} }]`)).file).listeners
  assert.ok(listener?.door === 'sftp')
  const [exception] = listener.exceptions
  assert.deepEqual([exception?.networks, exception?.allow], [['10.1.2.3/8'], ['rsa-2048']])
  assert.ok(exception !== undefined)
  assert.equal(exceptionEndMs(exception), Date.UTC(2032, 0, 1) - 1)
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['networks: [10.1.2.3/8]', 'networks: []', /exceptions\[0\]\.networks: expected at least one network/],
    ['10.1.2.3/8', '10.1.2.3/40', /networks\[0\]: expected an address or a network/],
    ['rsa-2048', 'rsa-1024', /allow\[0\]: expected .*found "rsa-1024"/],
    ['2031-12-31', '2031-02-31', /until: expected a date such as/],
    ['owner: ops, ', '', /owner: /],
    ['reason: why', 'reason: ""', /reason: expected one line of text/],
  ]
  for (const [old, broken, message] of rows) {
    const [first, ...others] = complaints(
      project(t, sftpListener(`exceptions: [{ ${whole.replace(old, broken)} }]`)).file,
    )
    assert.match(first ?? 'no complaint', message)
    assert.deepEqual(others, [], broken)
  }
  assert.match(complaints(project(t, listenerOf('exceptions: []')).file)[0] ?? '', /does not apply/)
  assert.match(
    complaints(project(t, sftpListener('algorithms: modem')).file)[0] ?? '',
    /modern or compatible|expected/,
  )
})

test('the identification is one word that any client can read', (t) => {
  assert.equal(
    loaded(project(t, 'sftp: { identification: "file.exchange_1" }\n').file).sftp.identification,
    'file.exchange_1',
  )
  for (const text of ['', 'two words', 'a-b', 'ü', 'x'.repeat(201)]) {
    const [first] = complaints(project(t, `sftp: { identification: "${text}" }\n`).file)
    assert.match(first ?? 'no complaint', /identification: expected 1 to 200 ASCII characters/, text)
  }
})

test('what no single key can show is refused', (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['certificateFile: a', /listeners\[0\]\.certificateFile: has no keyFile beside it/],
    ['hosts: [{ name: a.test, keyFile: a }]', /hosts\[0\]\.keyFile: has no certificateFile beside it/],
    ['hosts: [{ name: a.test }, { name: a.test }]', /the name a\.test is taken by hosts\[0\]/],
    ['hosts: [{ name: A.test }]', /expected a host name in lower case/],
    ['clientCertificates: require', /name the authorities in clientCaFile/],
    ['passivePorts: { from: 50000, to: 50099 }', /port 50001 lies in the passive range 50000 to 50099/],
    ['clientCaFile: a', /FILE:1:\d+ .*clientCaFile: no client is asked for a certificate here; set clientC/],
    ['crlFile: a', /crlFile: no client is asked for a certificate here/],
    ['passivePorts: { from: 1000, to: 1999 }', /passivePorts\.from: ports below 1024 .*; start at 1024/],
    ['passivePorts: { from: 4000, to: 4001 }', /passivePorts\.to: a range of 2 is too small/],
    ['legacyTls: { owner: ops, reason: why }, users: [a]', /legacyTls\.until: is missing/],
    ['legacyTls: { until: 2031-02-31, owner: ops, reason: why }, users: [a]', /until: expected a date/],
    [
      'legacyTls: { until: 2031-12-31, owner: ops, reason: why }',
      /FILE:1:\d+ .*legacyTls: everybody could use old TLS here; name in users/,
    ],
    [
      'legacyTls: { until: 2031-12-31, owner: ops, reason: why }, users: [a], anonymous: true',
      /anonymous: a listener with old TLS is for named users only/,
    ],
    ['openEndedUploads: [{ until: 2031-12-31, owner: a, reason: b }]', /\[0\]\.networks: is missing/],
    [
      'openEndedUploads: [{ networks: [10.0.0.0/8], until: soon, owner: a, reason: b }]',
      /FILE:1:\d+ .*openEndedUploads\[0\]\.until: expected a date/,
    ],
    ['passiveAddress: 999.1.2.3', /expected an IPv4 address, a host name, or null/],
    [
      'passiveNetworks: [{ networks: [10.0.0.0/33], address: 192.0.2.1 }]',
      /FILE:1:\d+ .*passiveNetworks\[0\]\.networks\[0\]: expected an address or a network/,
    ],
    ['passiveNetworks: [{ networks: [], address: null }]', /expected at least one network/],
    ['passiveAddress: "::1"', /expected an IPv4 address, a host name, or null/],
    ['users: [a, "@"]', /FILE:1:\d+ .*users\[1\]: expected the name of a user, or @ and the name of a group/],
    [
      'hosts: [{ name: a.test, users: ["@a b"] }]',
      /hosts\[0\]\.users\[0\]: expected the name of a user, or @/,
    ],
    ['hostKeys: [a]', /hostKeys: does not apply to this kind of entry/],
    ['banner: "a\\tb"', /expected one line/],
  ]
  for (const [text, message] of rows) {
    const [first, ...others] = complaints(project(t, listenerOf(text)).file)
    assert.match(first ?? 'no complaint', message)
    assert.deepEqual(others, [], text)
  }
})
