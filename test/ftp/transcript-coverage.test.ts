import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALIASES, ROWS } from '../../src/ftp/table.ts'
import { parseTranscript } from '../helpers/ftp-transcript.ts'
import {
  allExchanges,
  type Exchange,
  exchangesOf,
  fileRefusals,
  ownReplies,
  ruleRefusals,
  transcriptFiles,
} from '../helpers/ftp-transcript-facts.ts'

const said = Map.groupBy(allExchanges(), ({ verb }) => verb)
const files = new Map(transcriptFiles().map(({ name, text }) => [name, text]))
const SYNTAX = '501 Syntax error in argument.'

const answered = (exchanges: readonly Exchange[], reply: string): boolean =>
  exchanges.some(({ replies }) => replies.includes(reply))

/** Compares the transcripts with the command table and the sources; `transcripts.test.ts` proves that they are true. */
describe('every verb has its golden transcript', () => {
  for (const row of ROWS) {
    const exchanges = said.get(row.verb) ?? []

    test(`${row.verb}: a file of its own, with a success or with what always refuses it`, () => {
      const text = files.get(`verbs/${row.verb.toLowerCase()}.txt`)
      assert.ok(text !== undefined, `test/ftp/transcripts/verbs/${row.verb.toLowerCase()}.txt is missing`)
      const own = exchangesOf(parseTranscript(text)).filter(({ verb }) => verb === row.verb)
      const refused = row.verb === 'CCC' || row.verb === 'SMNT'
      const good = own.some(
        ({ replies }) => /^[123]/.test(replies[0] ?? '') && /^[23]/.test(replies.at(-1) ?? ''),
      )
      assert.equal(good, !refused)
    })

    test(`${row.verb}: the refusals of its row`, () => {
      for (const reply of ruleRefusals(row))
        assert.ok(answered(exchanges, reply), `nowhere answered ${reply}`)
      const bare = exchanges.filter(({ argument }) => argument === '')
      const argued = exchanges.filter(({ argument }) => argument !== '')
      if (row.argument === 'required') assert.ok(answered(bare, SYNTAX), 'not tried without its argument')
      if (row.argument === 'none') assert.ok(answered(argued, SYNTAX), 'not tried with an argument')
      if (row.argument === 'optional') assert.ok(bare.length > 0 && argued.length > 0, 'tried one way only')
    })

    test(`${row.verb}: what the core refuses`, () => {
      for (const reply of fileRefusals(row))
        assert.ok(answered(exchanges, reply), `nowhere answered ${reply}`)
    })

    test(`${row.verb}: every reply in its sources`, () => {
      const lines = exchanges.flatMap(({ replies }) => replies)
      for (const reply of ownReplies(row))
        assert.ok(
          lines.some((line) => reply.test(line)),
          `nowhere answered ${reply}`,
        )
    })
  }

  for (const [alias, verb] of ALIASES) {
    test(`${alias} does what ${verb} does`, () => {
      const codes = (of: string) =>
        new Set((said.get(of) ?? []).map(({ replies }) => replies[0]?.slice(0, 3)))
      const known = codes(verb)
      assert.ok([...codes(alias)].some((code) => code?.startsWith('2')))
      assert.ok([...codes(alias)].every((code) => known.has(code)))
      assert.ok(answered(said.get(alias) ?? [], '530 Log in with USER and PASS.'))
    })
  }
})
