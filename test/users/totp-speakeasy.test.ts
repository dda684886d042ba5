import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Secret, TOTP } from 'otpauth'
import type { TotpCredential } from '../../src/core/identity.ts'
import { createTotpVerifier } from '../../src/users/totp-speakeasy.ts'

const ALGORITHMS = ['sha1', 'sha256', 'sha512'] as const
const SEED = { sha1: 20, sha256: 32, sha512: 64 } as const

function credential(
  algorithm: TotpCredential['algorithm'],
  changes: Partial<TotpCredential> = {},
): TotpCredential {
  const secret = new TextEncoder().encode('1234567890'.repeat(7).slice(0, SEED[algorithm]))
  return { secret, algorithm, digits: 8, periodSeconds: 30, ...changes }
}

// RFC 6238, appendix B.
const VECTORS: readonly (readonly [number, string, string, string])[] = [
  [59, '94287082', '46119246', '90693936'],
  [1111111109, '07081804', '68084774', '25091201'],
  [1111111111, '14050471', '67062674', '99943326'],
  [1234567890, '89005924', '91819424', '93441116'],
  [2000000000, '69279037', '90698825', '38618901'],
  [20000000000, '65353130', '77737706', '47863826'],
]

const exact = createTotpVerifier(0)

for (const [seconds, ...codes] of VECTORS) {
  for (const [i, algorithm] of ALGORITHMS.entries()) {
    test(`RFC 6238 vector: ${algorithm} at ${seconds}`, () => {
      const code = codes[i] ?? ''
      const step = Math.floor(seconds / 30)
      assert.equal(exact.verify(credential(algorithm), code, seconds * 1000), step)
      assert.equal(exact.verify(credential(algorithm), code, (seconds + 30) * 1000), undefined)
    })
  }
}

function reference({ secret, algorithm, digits, periodSeconds }: TotpCredential, ms: number): string {
  const key = new Secret({ buffer: Uint8Array.from(secret).buffer })
  return new TOTP({ secret: key, algorithm, digits, period: periodSeconds }).generate({ timestamp: ms })
}

test('agrees with a second implementation, for every algorithm, length, period and drift', () => {
  fc.assert(
    fc.property(
      fc.record({
        secret: fc.uint8Array({ minLength: 16, maxLength: 64 }),
        algorithm: fc.constantFrom(...ALGORITHMS),
        digits: fc.constantFrom(6, 7, 8),
        periodSeconds: fc.constantFrom(15, 30, 60),
      }),
      fc.integer({ min: 10 ** 9, max: 4 * 10 ** 12 }),
      fc.integer({ min: -1, max: 1 }),
      (given, now, drift) => {
        const at = now + drift * given.periodSeconds * 1000
        const found = createTotpVerifier(1).verify(given, reference(given, at), now)
        // Two neighbouring steps may by chance have one code; the package then gives the earlier.
        assert.ok(found !== undefined && found <= Math.floor(at / 1000 / given.periodSeconds))
        assert.equal(reference(given, found * given.periodSeconds * 1000), reference(given, at))
      },
    ),
  )
})

test('drift is as set, not more', () => {
  const given = credential('sha1', { digits: 6 })
  const now = 1_900_000_000_000
  for (const [drift, window, good] of [
    [1, 0, false],
    [1, 1, true],
    [-1, 1, true],
    [2, 1, false],
    [-2, 2, true],
  ] as const) {
    const code = reference(given, now + drift * 30_000)
    assert.equal(
      createTotpVerifier(window).verify(given, code, now) !== undefined,
      good,
      `${drift} in ${window}`,
    )
  }
})

test('only exactly the digits are a code', () => {
  // The package alone takes most of these for 026920.
  const given = credential('sha1', { digits: 6 })
  const start = 1_800_000_000_000
  const at = Array.from({ length: 200 }, (_, i) => start + i * 30_000).find((ms) =>
    reference(given, ms).startsWith('0'),
  )
  assert.ok(at !== undefined)
  const code = reference(given, at)
  const short = code.slice(1)
  assert.notEqual(exact.verify(given, code, at), undefined)
  const lenient = [
    `+${short}`,
    ` ${short}`,
    `-${short}`,
    short,
    `${short}x`,
    `${short}.`,
    `${code}x`,
    `${code}\n`,
    ` ${code}`,
    `${code} `,
    `0x${code}`,
    `${short} `,
    `0${code}`,
    '',
    code.replace('0', '０'),
    `${code.slice(0, 3)} ${code.slice(3)}`,
  ]
  for (const text of lenient) assert.equal(exact.verify(given, text, at), undefined, JSON.stringify(text))
})

test('short secrets and odd parameters verify nothing', () => {
  const now = 1_900_000_000_000
  const weak = credential('sha1', { secret: new Uint8Array(15).fill(7), digits: 6 })
  assert.equal(exact.verify(weak, reference(weak, now), now), undefined)
  assert.equal(exact.verify({ ...weak, secret: new Uint8Array(0) }, '000000', now), undefined)
  for (const changes of [{ digits: 5 }, { digits: 9 }, { digits: 0 }, { periodSeconds: 0 }]) {
    const odd = credential('sha1', changes)
    assert.equal(exact.verify(odd, '0'.repeat(odd.digits), now), undefined)
  }
})

test('a secret that is a view into a larger buffer is itself only', () => {
  const given = credential('sha1', { digits: 6 })
  const padded = new Uint8Array(64)
  padded.set(given.secret, 10)
  const view = { ...given, secret: padded.subarray(10, 30) }
  const now = 1_900_000_000_000
  assert.equal(exact.verify(view, reference(given, now), now), Math.floor(now / 30_000))
})
