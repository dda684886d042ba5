import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passiveAddressOf, passiveHostNames } from '../../src/app/passive-address.ts'
import { loaded, project } from '../config/helpers.ts'

const TEXT = `
ftp:
  passiveAddress: outside.test
  passiveNetworks:
    - { networks: [10.0.0.0/8, 'fd00::/8'], address: null }
    - { networks: [100.64.0.0/10], address: 100.64.3.1 }
listeners:
  - { name: common, door: ftp, port: 0 }
  - { name: own, door: ftp, port: 0, passiveAddress: 203.0.113.7, passiveNetworks: [] }
`

test('the first network that has the client chooses the address that PASV names', (t) => {
  const config = loaded(project(t, TEXT).file)
  const [common, own] = config.listeners
  assert.ok(common?.door === 'ftp' && own?.door === 'ftp')
  const names = new Map<string, string>()
  const find = (name: string) => names.get(name)
  const named = passiveAddressOf(config, common, find)
  assert.equal(named('10.1.2.3'), 'own')
  assert.equal(named('100.64.9.9'), '100.64.3.1')
  assert.equal(named('192.0.2.1'), undefined)
  names.set('outside.test', '198.51.100.4')
  assert.equal(named('192.0.2.1'), '198.51.100.4')
  names.set('outside.test', '198.51.100.5')
  assert.equal(named('192.0.2.1'), '198.51.100.5')
  assert.equal(passiveAddressOf(config, own, find)('10.1.2.3'), '203.0.113.7')
  assert.deepEqual([...passiveHostNames(config)], ['outside.test'])
})

test('without any of the keys it is the address that the client connected to', (t) => {
  const config = loaded(project(t, '').file)
  const [first] = config.listeners
  assert.ok(first?.door === 'ftp')
  assert.equal(passiveAddressOf(config, first, () => undefined)('192.0.2.1'), 'own')
  assert.equal(passiveHostNames(config).size, 0)
})
