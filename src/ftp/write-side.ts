import type { Socket } from 'node:net'
import type { DuplexOptions } from 'node:stream'

/** The half of a stream on `raw` that writes and ends; destroying it destroys `raw`. */
export function writingInto(
  raw: Socket,
): Pick<DuplexOptions, 'allowHalfOpen' | 'write' | 'final' | 'destroy'> {
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
