import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchesPatterns, parseAddressPatterns } from '../../src/core/address-patterns.ts'

function fits(list: string, address: string): boolean {
  const parsed = parseAddressPatterns(list)
  assert.ok(parsed.ok, list)
  return matchesPatterns(parsed.patterns, address)
}

test('addresses, networks and wildcards fit; a negated one that fits wins', () => {
  assert.ok(fits('192.0.2.7', '192.0.2.7'))
  assert.ok(fits('192.0.2.7', '::ffff:192.0.2.7'))
  assert.ok(fits('192.0.2.0/24,2001:db8::/32', '2001:DB8::1'))
  assert.ok(fits('192.0.2.?', '192.0.2.7'))
  assert.ok(!fits('192.0.2.?', '192.0.2.77'))
  assert.ok(fits('*', '203.0.113.1'))
  assert.ok(fits('2001:DB8:*', '2001:db8::5'))
  assert.ok(!fits('192.0.2.*,!192.0.2.9', '192.0.2.9'))
  assert.ok(!fits('!192.0.2.0/25,192.0.2.0/24', '192.0.2.1'))
  assert.ok(fits('!192.0.2.0/25,192.0.2.0/24', '192.0.2.200'))
  assert.ok(!fits('*', 'no address'))
})

test('text that is neither is refused; nothing throws', () => {
  for (const bad of ['', ',', '192.0.2.0/33', 'host', '*.example.org', '1.2.3', '!'])
    assert.ok(!parseAddressPatterns(bad).ok, bad)
  fc.assert(
    fc.property(fc.string(), fc.string(), (list, address) => {
      const parsed = parseAddressPatterns(list)
      if (parsed.ok) matchesPatterns(parsed.patterns, address)
    }),
  )
})

test('wildcards mean what a regular expression of them means', () => {
  const text = fc.array(fc.constantFrom('1', '2', '.', '*', '?'), { minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(text, fc.ipV4(), (pieces, address) => {
      const pattern = pieces.join('')
      fc.pre(/[*?]/.test(pattern))
      const expression = pattern.replaceAll('.', '[.]').replaceAll('*', '.*').replaceAll('?', '.')
      assert.equal(fits(pattern, address), new RegExp(`^${expression}$`).test(address))
    }),
    { numRuns: 3000 },
  )
})
