import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FileServerError } from '../../src/core/errors.ts'
import { canonicalAddress, createAddressList, networkOf, parseCidr } from '../../src/core/net.ts'

const CANONICAL: readonly (readonly [string, string | undefined])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:192.0.2.1%3', '192.0.2.1'],
  ['::1', '::1'],
  ['192.0.2.1%eth0', undefined],
  ['192.0.2.01', undefined],
  ['192.0.2', undefined],
  ['localhost', undefined],
  ['', undefined],
]

for (const [text, expected] of CANONICAL) {
  test(`canonicalAddress(${JSON.stringify(text)}) is ${expected}`, () => {
    assert.equal(canonicalAddress(text), expected)
  })
}

const MATCHES: readonly (readonly [string, string, boolean])[] = [
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.0/24', '::ffff:192.0.2.9', true],
  ['192.0.2.77/24', '192.0.2.1', true],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['::ffff:192.0.2.0/120', '192.0.2.200', true],
  ['::ffff:192.0.2.0/120', '192.0.3.200', false],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
  ['0.0.0.0/0', '203.0.113.1', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '2001:db8::1', true],
  ['::/0', '203.0.113.1', false],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['0.0.0.0/0', 'no address', false],
]

for (const [cidr, address, expected] of MATCHES) {
  test(`${address} is ${expected ? '' : 'not '}in ${cidr}`, () => {
    assert.equal(createAddressList([cidr]).has(address), expected)
  })
}

const PROBLEMS: readonly (readonly [string, RegExp])[] = [
  ['192.0.2.0/33', /"192\.0\.2\.0\/33" needs a whole number from 0 to 32/],
  ['192.0.2.0/', /from 0 to 32/],
  ['192.0.2.0/-1', /from 0 to 32/],
  ['192.0.2.0/1e1', /from 0 to 32/],
  ['2001:db8::/129', /from 0 to 128/],
  ['::ffff:192.0.2.0/24', /from 96 to 128/],
  ['192.0.2.0/24/1', /more than one/],
  ['192.0.2/24', /does not start with an IPv4 or IPv6 address/],
  ['fe80::1%eth0/64', /does not start with/],
  ['partner.example', /does not start with/],
  ['', /does not start with/],
]

for (const [text, message] of PROBLEMS) {
  test(`${JSON.stringify(text)} is no block, and the problem says why`, () => {
    const parsed = parseCidr(text)
    assert.equal(parsed.ok, false)
    assert.match(parsed.ok ? '' : parsed.problem, message)
    assert.throws(() => createAddressList([text]), FileServerError)
  })
}

const v4 = fc.ipV4()
const number = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

test('membership of an IPv4 block is equality of the leading bits', () => {
  fc.assert(
    fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (network, address, prefix) => {
      const size = 2 ** (32 - prefix)
      const same = Math.floor(number(network) / size) === Math.floor(number(address) / size)
      assert.equal(createAddressList([`${network}/${prefix}`]).has(address), same)
    }),
  )
})

test('every IPv4 address and its mapped form are one', () => {
  fc.assert(fc.property(v4, (address) => assert.equal(canonicalAddress(`::ffff:${address}`), address)))
})

test('the canonical text is a fixed point, and in its own block and network', () => {
  fc.assert(
    fc.property(fc.oneof(v4, fc.ipV6()), (address) => {
      const canonical = canonicalAddress(address)
      assert.ok(canonical !== undefined && canonical === canonical.toLowerCase())
      assert.equal(canonicalAddress(canonical), canonical)
      assert.ok(createAddressList([canonical]).has(address))
      assert.ok(createAddressList([networkOf(address)]).has(address))
    }),
  )
})

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => void [parseCidr(text), canonicalAddress(text), networkOf(text)]),
  )
})

test('an IPv6 client is its /64, whatever address it picks inside', () => {
  assert.equal(networkOf('2001:db8:1:2::9'), '2001:db8:1:2::/64')
  assert.equal(networkOf('2001:db8:1:2:ffff:1:2:3'), '2001:db8:1:2::/64')
  assert.notEqual(networkOf('2001:db8:1:3::9'), '2001:db8:1:2::/64')
  assert.equal(networkOf('::1'), '::/64')
  assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1')
})
