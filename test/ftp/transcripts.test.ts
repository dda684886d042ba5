import { describe, test } from 'node:test'
import { parseTranscript, playTranscript } from '../helpers/ftp-transcript.ts'
import { transcriptFiles } from '../helpers/ftp-transcript-facts.ts'

/** What they have to hold is in `transcript-coverage.test.ts`. */
describe('transcripts', () => {
  for (const { name, text } of transcriptFiles()) {
    test(name.replace(/\.txt$/, ''), () => playTranscript(parseTranscript(text)))
  }
})
