import { describe, test } from 'node:test'
import { parseTranscript, playTranscript } from '../helpers/ftp-transcript.ts'
import { transcriptFiles } from '../helpers/ftp-transcript-facts.ts'

/** What they have to hold is in `transcript-coverage.test.ts`. */
for (const [way, native] of Object.entries({ with: true, without: false })) {
  describe(`transcripts ${way} the addon`, () => {
    for (const { name, text } of transcriptFiles()) {
      test(name.replace(/\.txt$/, ''), () => playTranscript(parseTranscript(text), native))
    }
  })
}
