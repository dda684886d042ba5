import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { EXTENSIONS, REQUESTS } from '../../src/sftp/table.ts'
import { nameOfRequest, parseTranscript, printTranscript, replay } from '../helpers/sftp-transcript.ts'

const files = globSync(`${import.meta.dirname}/transcripts/*.txt`).sort()
const granted = new Set<string>()
const refused = new Set<string>()

/** STATUS codes that are no refusal: OK, and EOF of what was read to its end. */
const FINE = /^STATUS [01] /

/** limits has nothing that could be refused: no field, and no permission. */
const NEVER_REFUSED = new Set(['limits@openssh.com'])

describe('transcripts', () => {
  for (const file of files) {
    test(basename(file, '.txt'), async () => {
      const text = readFileSync(file, 'utf8')
      const parts = parseTranscript(text)
      for (const part of parts) {
        if (!('exchange' in part)) continue
        const { request, replies } = part.exchange
        const isRefusal = replies.some((reply) => reply.startsWith('STATUS') && !FINE.test(reply))
        const seen = isRefusal ? refused : granted
        seen.add(nameOfRequest(request))
      }
      const heard = printTranscript(await replay(parts))
      if (process.env.UPDATE_TRANSCRIPTS === '1') writeFileSync(file, heard)
      else assert.equal(heard, text)
    })
  }
  before(() => assert.ok(files.length > 0))
  after(() => {
    const names = [...REQUESTS.filter(({ name }) => name !== 'EXTENDED'), ...EXTENSIONS].map(
      ({ name }) => name,
    )
    assert.deepEqual(
      names.filter((name) => !granted.has(name)),
      [],
      'requests without a granted example',
    )
    assert.deepEqual(
      names.filter((name) => !refused.has(name) && !NEVER_REFUSED.has(name)),
      [],
      'requests without a refused example',
    )
  })
})
