import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONFIG_KEYS, variableName } from '../../src/config/keys.ts'
import { complaints, loaded, project } from './helpers.ts'

test('variables override the file, options override variables', (t) => {
  const { file } = project(t, 'login: { graceSeconds: 20, failureDelayMs: 5 }\n')
  const config = loaded(file, {
    env: {
      SALLYPORT_LOGIN_GRACE_SECONDS: '30',
      SALLYPORT_LOGIN_FAILURE_DELAY_MS: '6',
      SALLYPORT_ACCESS_ALLOW: '192.0.2.1, 2001:db8::/32',
      SALLYPORT_FILES_UMASK: '022',
      SALLYPORT_LOG_FILE: 'null',
      SALLYPORT_CONFIG: file,
      HOME: '/root',
    },
    overrides: ['login.graceSeconds=40', 'mfa.appendedCode=false'],
  })
  assert.equal(config.login.graceSeconds, 40)
  assert.equal(config.login.failureDelayMs, 6)
  assert.deepEqual(config.access.allow, ['192.0.2.1/32', '2001:db8::/32'])
  assert.equal(config.files.umask, 0o022)
  assert.equal(config.log.file, null)
  assert.equal(config.mfa.appendedCode, false)
})

test('listeners are set by name or position, those of the defaults too', (t) => {
  const { file } = project(t, '')
  const config = loaded(file, {
    env: { SALLYPORT_LISTENERS_SFTP_PORT: '0' },
    overrides: ['listeners.ftp.port=0', 'listeners.1.port=0', 'listeners.ftp.cleartext=true'],
  })
  assert.deepEqual(
    config.listeners.map((one) => one.port),
    [0, 0, 0],
  )
  assert.equal(config.listeners[0]?.door === 'ftp' && config.listeners[0].cleartext, true)
})

test('a whole list of listeners can be set', (t) => {
  const { file } = project(t, '')
  const config = loaded(file, { overrides: ['listeners=[{ name: x, door: sftp, port: 0 }]'] })
  const lists = { users: [], hostKeys: [], userCertificateAuthorities: [], revokedKeys: [] }
  const rest = { banner: null, bannerFile: null, algorithms: null, exceptions: [], ...lists }
  assert.deepEqual(config.listeners, [{ name: 'x', door: 'sftp', address: '*', port: 0, ...rest }])
})

test('problems name the variable or the option', (t) => {
  const { file } = project(t, 'login: { graceSeconds: 20 }\n')
  const lines = complaints(file, {
    env: { SALLYPORT_LOGIN_GRACE_SECONDS: '1', SALLYPORT_LOGIN_GRACE_SECOND: '1' },
    overrides: ['listeners.0.tls=foo', 'access.allow=1.1.1.1,2', 'ftp.pasivePorts.to=2', 'log.file'],
  })
  assert.deepEqual(lines, [
    'option --set listeners.0.tls=foo  listeners[0].tls: expected explicit or implicit, found "foo"',
    'environment variable SALLYPORT_LOGIN_GRACE_SECONDS  login.graceSeconds: expected a whole number from 5 to 3600, found 1',
    'option --set access.allow=1.1.1.1,2  access.allow[1]: expected an address or a network such as 192.0.2.0/24 or 2001:db8::/32, found "2"',
    'environment variable SALLYPORT_LOGIN_GRACE_SECOND  unknown key; did you mean SALLYPORT_LOGIN_GRACE_SECONDS?',
    'option --set ftp.pasivePorts.to=2  ftp.pasivePorts.to: unknown key; did you mean ftp.passivePorts.to?',
    'option --set log.file  log.file: has no value; write it as key.path=value',
  ])
})

test('no two keys share a variable', () => {
  const names = CONFIG_KEYS.map((key) => variableName(key.path))
  assert.equal(new Set(names).size, names.length)
})
