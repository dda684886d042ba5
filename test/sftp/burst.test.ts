import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Burst, type BurstOwner } from '../../src/sftp/burst.ts'

/** Takes out what it gathered when it is told to. */
function gatherer(burst: Burst): BurstOwner & { readonly out: Buffer[] } {
  const out: Buffer[] = []
  const moveOut = (): void => {
    out.push(Buffer.from(burst.bytes))
    burst.clear()
  }
  return { out, moveOut }
}

test('replies stand one behind the other, each with its id', () => {
  const burst = new Burst()
  const owner = gatherer(burst)
  const form = randomBytes(20)
  const before = Buffer.from(form)
  burst.add(owner, form, 0x01020304)
  burst.add(owner, form, undefined)
  assert.ok(form.equals(before), 'the form itself is for all')
  const expected = Buffer.concat([form, form])
  expected.writeUInt32BE(0x01020304, 5)
  assert.ok(burst.bytes.equals(expected))
  assert.equal(burst.owner, owner)
})

test('who gathers moves out for another one, and for itself when the packet is full', () => {
  const burst = new Burst()
  const [first, second] = [gatherer(burst), gatherer(burst)]
  const one = randomBytes(100)
  burst.add(first, one, undefined)
  const many = Array.from({ length: 9 }, () => randomBytes(8192))
  for (const reply of many) burst.add(second, reply, undefined)
  assert.ok(first.out.length === 1 && first.out[0]?.equals(one))
  assert.ok(second.out.every(({ length }) => length === 32_768))
  assert.ok(Buffer.concat([...second.out, burst.bytes]).equals(Buffer.concat(many)))
})
