import type { Socket } from 'node:net'

type Done = (error?: Error | null) => void

export type WritingHalf = {
  allowHalfOpen: true
  write(chunk: Buffer, encoding: BufferEncoding, done: Done): void
  final(done: Done): void
  destroy(error: Error | null, done: Done): void
}

/** The half of a stream on `raw` that writes and ends; destroying it destroys `raw`. */
export function writingInto(raw: Socket): WritingHalf {
  return {
    allowHalfOpen: true,
    write: (chunk: Buffer, _encoding, done) => void raw.write(chunk, done),
    final: (done) => void raw.end(done),
    destroy: (error, done) => {
      raw.destroy()
      done(error)
    },
  }
}
