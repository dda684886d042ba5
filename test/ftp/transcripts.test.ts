import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { COMMANDS, ROWS } from '../../src/ftp/table.ts'
import { parseTranscript, playTranscript } from '../helpers/ftp-transcript.ts'

const files = globSync(`${import.meta.dirname}/transcripts/*.txt`).sort()
const said = new Set<string>()

describe('transcripts', () => {
  for (const file of files) {
    test(basename(file, '.txt'), async () => {
      const steps = parseTranscript(readFileSync(file, 'utf8'))
      for (const step of steps) if (step.kind === 'client') said.add(step.text.split(' ')[0] ?? '')
      await playTranscript(steps)
    })
  }
  before(() => assert.ok(files.length > 0))
  after(() => {
    const silent = [...COMMANDS.keys()].filter((verb) => !said.has(verb))
    assert.deepEqual(silent, [], 'verbs without a transcript')
    assert.ok(ROWS.length > 0)
  })
})
