import type { Socket } from 'node:net'
import { Duplex, type DuplexOptions } from 'node:stream'

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

/** All of `raw` but what comes from it, to make a TLS socket on; whether that one reads goes on to `raw`. */
export function writeSideOf(raw: Socket): Duplex {
  const side = new Duplex({ ...writingInto(raw), read() {} })
  side.on('pause', () => raw.pause())
  side.on('resume', () => raw.resume())
  raw.once('close', () => side.destroy())
  return side
}
