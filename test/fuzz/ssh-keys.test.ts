// Keys, certificates and signatures come from anybody: whatever they hold, the answer is a flaw and never an exception.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { examineKey } from '../../src/sftp/user-keys.ts'
import { makeSecurityKey, TOUCHED } from '../helpers/security-key.ts'
import { sshString } from '../helpers/ssh-auth-client.ts'
import { blobOf, keyBench } from '../helpers/ssh-keys.ts'

const SIGNATURES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-256',
  'rsa-sha2-512',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]
const NAMES = [
  ...SIGNATURES,
  ...SIGNATURES.map((name) => `${name.replace('@openssh.com', '')}-cert-v01@openssh.com`),
  'x',
]
const RULES = { signatures: SIGNATURES, minRsaBits: 3072 }
const bench = keyBench()
const samples: { name: string; data: Buffer }[] = []

before(async () => {
  const ca = await bench.make('ca', 'ed25519')
  const options = ['-n', 'a,b', '-O', 'source-address=192.0.2.0/24', '-V', '20300101:20310101']
  for (const [kind, bits, name] of [
    ['ed25519', undefined, 'ssh-ed25519'],
    ['ecdsa', 384, 'ecdsa-sha2-nistp384'],
    ['rsa', 3072, 'rsa-sha2-512'],
  ] as const) {
    const key = await bench.make(kind, kind, bits)
    samples.push({ name, data: blobOf(key.line) })
    const file = await bench.certify(ca, { key, args: options })
    samples.push({ name: `${name}-cert-v01@openssh.com`, data: blobOf(readFileSync(file, 'utf8')) })
  }
  for (const kind of ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const)
    samples.push({ name: kind, data: makeSecurityKey(kind).blob })
})

/** ssh2 says ssh-rsa for RSA signatures, and the hash beside it. */
function offered(name: string, data: Buffer) {
  const hash = /^rsa-sha2-(\d+)$/.exec(name)?.[1]
  return {
    algo: hash === undefined ? name : 'ssh-rsa',
    data,
    hashAlgo: hash === undefined ? undefined : `sha${hash}`,
  }
}

test('what is sound is taken', () => {
  for (const { name, data } of samples)
    assert.equal(examineKey(offered(name, data), RULES).shown.flaw, undefined, name)
})

test('bytes changed, cut out, put in or repeated give a flaw, or another key, and no signature fits', () => {
  const change = fc.record({
    sample: fc.nat(samples.length - 1),
    name: fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
    at: fc.nat(3000),
    cut: fc.nat(8),
    put: fc.uint8Array({ maxLength: 8 }),
  })
  fc.assert(
    fc.property(change, fc.uint8Array({ maxLength: 120 }), ({ sample, name, at, cut, put }, signature) => {
      const source = samples[sample] ?? samples[0]
      assert.ok(source !== undefined)
      const from = at % source.data.length
      const data = Buffer.concat([source.data.subarray(0, from), put, source.data.subarray(from + cut)])
      const { shown, verify } = examineKey(offered(name ?? source.name, data), RULES)
      const intact = data.equals(source.data)
      // What an authority signed cannot be changed at all.
      if (!intact && shown.certificate !== undefined) assert.notEqual(shown.flaw, undefined)
      assert.equal(verify(Buffer.from('data'), Buffer.from(signature)).good, false)
    }),
    { numRuns: 5000 },
  )
})

test('noise is a flaw', () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.uint8Array({ maxLength: 200 }), (name, noise) => {
      assert.notEqual(examineKey(offered(name, Buffer.from(noise)), RULES).shown.flaw, undefined)
    }),
    { numRuns: 3000 },
  )
})

test('no changed signature is good, of plain and of security keys', () => {
  const pair = generateKeyPairSync('ed25519')
  const raw = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const plain = Buffer.concat([sshString('ssh-ed25519'), sshString(raw)])
  const data = Buffer.from('what is signed')
  const key = makeSecurityKey('sk-ecdsa-sha2-nistp256@openssh.com')
  const whole = key.sign(data, TOUCHED)
  // As ssh2 hands it over: without the name and the length behind it.
  const cases = [
    { examined: examineKey(offered('ssh-ed25519', plain), RULES), good: sign(null, data, pair.privateKey) },
    {
      examined: examineKey(offered(key.kind, key.blob), RULES),
      good: whole.subarray(4 + key.kind.length + 4),
    },
  ]
  for (const { examined, good } of cases) {
    assert.equal(examined.verify(data, good).good, true)
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const copy = Buffer.from(good)
        copy.writeUInt8(copy.readUInt8(at) ^ mask, at)
        assert.equal(examined.verify(data, copy).good, false)
      }),
      { numRuns: 500 },
    )
  }
})
