import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignHashes } from '../../src/users/foreign-hashes.ts'
import { MAX_BCRYPT_COST, MAX_SHA_CRYPT_ROUNDS, passwordFlaw } from '../../src/users/password-format.ts'
import { MAX_KEY_BYTES, parseShaCrypt, shaCryptDigest } from '../../src/users/sha-crypt.ts'

const families = foreignHashes()

async function verify(stored: string, secret: string): Promise<boolean | undefined> {
  return families.find((family) => family.matches(stored))?.verify(stored, secret)
}

/** Made with `openssl passwd` and a bcrypt library. Lengths of a whole digest (32, 64) are where others go wrong. */
const VECTORS: readonly (readonly [stored: string, secret: string])[] = [
  ['$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
  [
    '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
    'Hello world!',
  ],
  ['$5$rounds=1400$anotherlongsalts$UolVGScQM2yqIe8/A2igBIpyoIirvGOjP3y27g89ooC', 'x'.repeat(32)],
  [
    '$6$saltsalt$1AKOANKcRWhjPuI/uymeO9TJwvR7wMlObpC.dWpnDrNlOA1q4DXaix2G/Fyy.MEJ6FPppEeAdkSO6UhiglfkZ.',
    'y'.repeat(64),
  ],
  [
    '$6$saltsalt$IJF3ApjaEpb6nRgPYbAutZo9aj8lqly1n3WO4adAtlu2.Hj4WTBJAHX.Cd7vYHPudmSfuhUmRaYZS25ccvFp81',
    'pässwörd €',
  ],
  [
    '$6$rounds=1000$roundstoolow$oIV5bgCNA.rU2Q7YjaL7WLTvU1X.dbTXWNrKFqCpWVh01SO02.zNb9Br3ghH5ZLObKkJiRBTLQ4GUEcYCcCWB/',
    'a',
  ],
  ['$2b$04$FAvfx.k/.n2oGL/WuMaFmO2uHWrAey8oV3RpeBBYXuOBx9EXTR4YK', 'secret'],
  ['$2y$04$Mc1UGU8wIocz7.o8Ix469u1n0s/0WaT/VbsufvTkn3M/enthQyEQm', 'secret'],
  ['$2a$04$70qt6Dx2RKvRbH1Y8hgy/.J16/vnBUxzWLYOro5ELt5hT1b48hkfa', 'secret'],
]

test('hashes of other servers verify', async () => {
  for (const [stored, secret] of VECTORS) {
    assert.equal(passwordFlaw(stored), undefined, stored)
    assert.equal(await verify(stored, secret), true, stored)
    assert.equal(await verify(stored, `${secret}x`), false, stored)
    assert.equal(await verify(stored, ''), false, stored)
  }
})

test('a long verification lets others have their turn', async () => {
  let turns = 0
  const count = (): void => {
    turns += 1
    pending = setImmediate(count)
  }
  let pending = setImmediate(count)
  const digest = 'x'.repeat(86)
  await verify(`$6$rounds=20000$salt$${digest}`, 'secret')
  clearImmediate(pending)
  assert.ok(turns >= 20, `${turns} turns`)
})

test('a text that asks for too much work is never worked on', async () => {
  const shaCrypt = `$6$rounds=${MAX_SHA_CRYPT_ROUNDS + 1}$salt$${'x'.repeat(86)}`
  const bcrypt = `$2b$${MAX_BCRYPT_COST + 1}$${'x'.repeat(53)}`
  assert.match(passwordFlaw(shaCrypt)?.message ?? '', /1000001 rounds are more than 1000000/)
  assert.match(passwordFlaw(bcrypt)?.message ?? '', /a bcrypt cost of 15 is above 14/)
  const start = performance.now()
  assert.equal(await verify(shaCrypt, 'secret'), false)
  assert.equal(await verify(bcrypt, 'secret'), false)
  assert.ok(performance.now() - start < 200)
})

test('a secret of any length costs no more than the longest that can be right', async () => {
  for (const stored of VECTORS.slice(0, 2).map(([text]) => text)) {
    const start = performance.now()
    assert.equal(await verify(stored, 'x'.repeat(40_000)), false)
    assert.ok(performance.now() - start < 1000)
  }
  const parsed = parseShaCrypt(VECTORS[0]?.[0] ?? '')
  assert.ok(parsed)
  // What is cut off must not turn another secret into the right one.
  const longest = 'x'.repeat(MAX_KEY_BYTES)
  const stored = `$5$saltstring$${await shaCryptDigest(parsed, longest)}`
  assert.equal(await verify(stored, longest), true)
  assert.equal(await verify(stored, `${longest}x`), false)
})

test('formats that are too weak or unknown are named', () => {
  const flaws: Record<string, RegExp> = {
    $1$salt$abcdefghijklmnopqrstuv: /MD5-crypt/,
    $y$j9T$abc$def: /yescrypt/,
    $2b$04$short: /bcrypt text is broken/,
    $6$salt$short: /text is broken/,
    '$argon2i$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$aGFzaA': /not argon2id/,
    '!': /locked password/,
    hunter2: /plain passwords are never stored/,
    '': /not a password hash/,
  }
  for (const [stored, expected] of Object.entries(flaws)) {
    const flaw = passwordFlaw(stored)
    assert.match(flaw?.message ?? '', expected, stored)
    assert.match(flaw?.remedy ?? '', /sallyport user passwd/)
    assert.ok(stored === '' || !flaw?.message.includes(stored), 'the text itself is not shown')
  }
})
