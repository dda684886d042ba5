import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as othersTurn } from 'node:timers/promises'
import { connect } from 'node:tls'
import { makeClientAuthority } from '../../scripts/fixture/client-authority.ts'
import { services } from '../../src/app.ts'
import { makeCertificates } from '../../src/cli/setup/certificate.ts'
import { makeKeys } from '../../src/cli/setup/make-keys.ts'
import { loadConfig } from '../../src/config/load.ts'

const CONFIG = `
listeners:
  - name: ftps
    door: ftp
    tls: implicit
    address: 127.0.0.1
    port: 0
    certificateFile: own.crt
    keyFile: own.key
    bannerFile: banner.txt
    clientCertificates: request
    clientCaFile: clients.crt
    crlFile: clients.crl
  - { name: other, door: ftp, tls: implicit, address: 127.0.0.1, port: 0, bannerFile: other.txt, certificateFile: own.crt, keyFile: own.key }
`

async function project(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-reload-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const write = (name: string, text: string) => writeFile(join(dir, name), text, { mode: 0o600 })
  const certify = async () => {
    const set = await makeCertificates({ hosts: ['localhost'], addresses: [] }, Date.now())
    await write('own.crt', set.certificate)
    await write('own.key', set.key)
    return set.authority
  }
  await mkdir(join(dir, 'config'))
  await write('config/sallyport.yaml', CONFIG)
  await write('config/users.yaml', await services.emptyUsersFile())
  const clients = await makeClientAuthority('clients')
  await write('clients.crt', clients.certificate)
  await write('clients.crl', await clients.revocationList([]))
  await write('banner.txt', 'Before.\n')
  await write('other.txt', 'Other before.\n')
  const authority = await certify()
  const loaded = loadConfig(join(dir, 'config/sallyport.yaml'), { env: {}, overrides: [] })
  assert.ok(loaded.ok)
  await makeKeys(loaded.config, services)
  return { config: loaded.config, authority, certify, write }
}

function greeting(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    socket.once('data', (chunk: Buffer) => {
      socket.destroy()
      resolve(chunk.toString('utf8'))
    })
    socket.once('error', reject)
  })
}

test('a reload reads certificates and banners again; while one of a listener is broken, its old ones stay', async (t) => {
  const { config, authority, certify, write } = await project(t)
  const server = await services.start(config)
  t.after(() => server.stop('now'))
  const [port = 0, otherPort = 0] = server.listeners.map((listener) => listener.port)
  assert.equal(await greeting(port, authority), '220 Before.\r\n')

  const next = await certify()
  await write('banner.txt', 'After.\n')
  assert.equal(await greeting(port, authority), '220 Before.\r\n', 'nothing changes by itself')

  for (const [name, text, message] of [
    ['banner.txt', 'a bell \u0007\n', /line 1 holds a control character/],
    ['banner.txt', 'line\n'.repeat(51), /more than 50/],
    ['clients.crl', 'nonsense', /clients\.crl is not a PEM revocation list/],
    ['clients.crt', 'nonsense', /clients\.crt is not a PEM file of certificates/],
    ['own.key', 'nonsense', /own\.key is not a PEM private key/],
  ] as const) {
    const other = await project(t)
    await other.write(name, text)
    await assert.rejects(services.start(other.config), { name: 'OperatorError', message })
  }
  await write('clients.crl', 'nonsense')
  await write('other.txt', 'Other after.\n')
  const reload = () => server.reload(async () => config)
  await assert.rejects(reload(), { name: 'OperatorError', message: /clients\.crl/ })
  assert.equal(
    await greeting(port, authority),
    '220 After.\r\n',
    'the old certificate, for the list is its own',
  )
  assert.equal(await greeting(otherPort, next), '220 Other after.\r\n')

  const clients = await makeClientAuthority('clients')
  await write('clients.crl', await clients.revocationList([]))
  await write('banner.txt', 'a bell \u0007\n')
  await rm(join(config.server.baseDir, 'other.txt'))
  await assert.rejects(reload(), (error: unknown) => {
    assert.match(String(error), /banner\.txt .*control character.*other\.txt does not exist/)
    return true
  })
  assert.equal(await greeting(port, next), '220 After.\r\n', 'the old text, with the new certificate')
  await assert.rejects(greeting(port, authority))
  assert.equal(await greeting(otherPort, next), '220 Other after.\r\n')

  await write('banner.txt', 'At last.\n')
  await write('other.txt', 'Other at last.\n')
  assert.deepEqual(await reload(), ['files of listener ftps', 'files of listener other'])
  assert.equal(await greeting(port, next), '220 At last.\r\n')
  assert.deepEqual(await reload(), [])
  await certify()
  assert.deepEqual(await reload(), ['files of listener ftps', 'files of listener other'])
})

test('a stop lets a reload that is under way end, and closes then what it uses', async (t) => {
  const { config } = await project(t)
  const server = await services.start(config)
  const slow = async () => {
    for (let turn = 0; turn < 1000; turn += 1) await othersTurn()
    return config
  }
  await Promise.all([server.reload(slow), server.stop('drain')])
  const lines = (await readFile(config.audit.file, 'utf8')).trim().split('\n')
  const told = lines.map((line): unknown => JSON.parse(line).type)
  assert.deepEqual(told, ['server.started', 'server.reloaded', 'server.stopped'])
})
