// RFC 959 section 2.4 and RFC 1123 section 4.1.2.10: commands are lines of a telnet stream.
import { isUtf8 } from 'node:buffer'

const LF = 0x0a
const CR = 0x0d
const NUL = 0x00
const SB = 0xfa
const SE = 0xf0
const WILL = 0xfb
const IAC = 0xff
/** A line of this many times the limit is an attack, not a mistake. */
const FLOOD_FACTOR = 16
const ABOR = [0x41, 0x42, 0x4f, 0x52]

/** `garbled`: not UTF-8. `too-long`: over the limit, once a line. `flood`: so far over it that the peer is hostile. */
export type LineItem =
  | Readonly<{ kind: 'line'; text: string }>
  | Readonly<{ kind: 'garbled' | 'too-long' | 'flood' }>

export type LineReader = {
  feed(chunk: Uint8Array): void
  /** Bytes of a line that has not ended yet are held (or being dropped). */
  readonly pending: boolean
}

type TelnetState = 'none' | 'command' | 'option' | 'sub' | 'sub-command'

/**
 * Gives the same items for the same bytes however they are cut. Telnet commands are removed. Bytes 0xF0 and above at
 * a line's start are what is left of a telnet Synch whose urgent byte went out of band, and removed as well. `ABOR`
 * ends at its CR because some clients send the LF after it as urgent data, which never arrives here.
 */
export function createLineReader(maxBytes: number, emit: (item: LineItem) => void): LineReader {
  let line: number[] = []
  let telnet: TelnetState = 'none'
  let sawCr = false
  let swallowLf = false
  let dropped = 0
  let negotiation = 0

  function end(): void {
    const bytes = Buffer.from(line)
    const tooLong = dropped > 0
    line = []
    dropped = 0
    sawCr = false
    if (tooLong) return
    if (isUtf8(bytes)) emit({ kind: 'line', text: bytes.toString('utf8') })
    else emit({ kind: 'garbled' })
  }

  function keep(byte: number): void {
    if (dropped === 0 && line.length < maxBytes) {
      line.push(byte)
      return
    }
    dropped += 1
    line = []
    if (dropped === 1) emit({ kind: 'too-long' })
    if (dropped === maxBytes * FLOOD_FACTOR) emit({ kind: 'flood' })
  }

  function text(byte: number): void {
    if (swallowLf) {
      swallowLf = false
      if (byte === LF || byte === NUL) return
    }
    if (sawCr) {
      sawCr = byte === CR
      if (byte === LF) {
        end()
        return
      }
      keep(CR)
      if (byte === NUL || byte === CR) return
    }
    if (byte === LF) {
      end()
      return
    }
    if (byte === CR) {
      if (dropped === 0 && line.length === 4 && line.every((value, i) => (value & 0xdf) === ABOR[i])) {
        swallowLf = true
        end()
      } else sawCr = true
      return
    }
    if (byte >= SE && line.length === 0 && dropped === 0) return
    keep(byte)
  }

  function command(byte: number): void {
    telnet = 'none'
    if (byte === IAC) keep(IAC)
    else if (byte === SB) telnet = 'sub'
    else if (byte >= WILL) telnet = 'option'
    // Below SE it is no telnet command: the rest of one was urgent data.
    else if (byte < SE) text(byte)
  }

  function step(byte: number): void {
    switch (telnet) {
      case 'none':
        if (byte === IAC) telnet = 'command'
        else text(byte)
        return
      case 'command':
        command(byte)
        return
      case 'option':
        telnet = 'none'
        return
      case 'sub':
        if (byte === IAC) telnet = 'sub-command'
        else keepSub()
        return
      case 'sub-command':
        telnet = byte === SE ? 'none' : 'sub'
        return
    }
  }

  /** Counted for the whole connection: a file transfer has nothing to negotiate. */
  function keepSub(): void {
    negotiation += 1
    if (negotiation === maxBytes * FLOOD_FACTOR) emit({ kind: 'flood' })
  }

  return {
    feed(chunk) {
      for (const byte of chunk) step(byte)
    },
    get pending() {
      return line.length > 0 || dropped > 0 || sawCr || telnet !== 'none'
    },
  }
}
