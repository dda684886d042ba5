// RFC 959 section 2.4 and RFC 1123 section 4.1.2.10: commands are lines of a telnet stream.
import { isUtf8 } from 'node:buffer'

const LF = 0x0a
const CR = 0x0d
const NUL = 0x00
const SB = 0xfa
const SE = 0xf0
const WILL = 0xfb
const IAC = 0xff
const FIRST_BEYOND_ASCII = 0x80
/** A line of this many times the limit is an attack, not a mistake. */
const FLOOD_FACTOR = 16
/** What clients ask while something else goes on. */
const SENT_AS_URGENT = ['ABOR', 'STAT']
const SENT_AS_URGENT_BYTES = 4

/** `garbled`: not UTF-8. `too-long`: over the limit, once a line. `flood`: so far over it that the peer is hostile. */
export type LineItem =
  | Readonly<{ kind: 'line'; text: string }>
  | Readonly<{ kind: 'garbled' | 'too-long' | 'flood' }>

type TelnetState = 'none' | 'command' | 'option' | 'sub' | 'sub-command'

/** Shared by all that hold none; never written to. */
const NO_BYTES: number[] = []

/**
 * Gives the same items for the same bytes however they are cut. Telnet commands are removed. Bytes 0xF0 and above at
 * a line's start are what is left of a telnet Synch whose urgent byte went out of band, and removed as well. `ABOR`
 * and `STAT` alone end at their CR because some clients send the LF after it as urgent data, which never arrives here. Programs
 * that write CR LF to a stream of text send CR CR LF, which ends a line too; a CR in a name is CR NUL.
 */
export class LineReader {
  readonly #maxBytes: number
  readonly #emit: (item: LineItem) => void
  /** Of a line that has not ended: mostly there is none, as lines come whole. */
  #line: number[] = NO_BYTES
  #telnet: TelnetState = 'none'
  #sawCr = false
  /** At the end of the line, each with another CR behind it. */
  #strayCrs = 0
  #swallowLf = false
  #dropped = 0
  #negotiation = 0
  /** Of the chunk that is being fed, bytes behind the one that is looked at. */
  #behind = 0

  constructor(maxBytes: number, emit: (item: LineItem) => void) {
    this.#maxBytes = maxBytes
    this.#emit = emit
  }

  /** Keeps nothing of `chunk`. */
  feed(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      const next = this.#wholeLine(chunk, at)
      if (next > at) at = next
      else {
        const byte = chunk[at]
        at += 1
        this.#behind = chunk.length - at
        if (byte !== undefined) this.#step(byte)
      }
    }
  }

  /** Something came behind the last item that was told. */
  get pending(): boolean {
    return this.#behind > 0 || this.#inLine()
  }

  /** Bytes of a line that has not ended yet are held (or being dropped). */
  #inLine(): boolean {
    return this.#line.length > 0 || this.#dropped > 0 || this.#sawCr || this.#telnet !== 'none'
  }

  /** Takes a line that is all here and needs no care; `at` when there is none. */
  #wholeLine(chunk: Buffer, at: number): number {
    if (this.#swallowLf || this.#inLine()) return at
    let all = 0
    let end = at
    for (; end < chunk.length; end += 1) {
      const byte = chunk[end]
      if (byte === undefined || byte === LF || byte === CR || byte >= SE) break
      all |= byte
    }
    const lf = chunk[end] === CR ? end + 1 : end
    if (chunk[lf] !== LF || end - at > this.#maxBytes) return at
    this.#behind = chunk.length - lf - 1
    if (all < FIRST_BEYOND_ASCII) this.#emit({ kind: 'line', text: chunk.toString('latin1', at, end) })
    else this.#tell(chunk.subarray(at, end))
    return lf + 1
  }

  #tell(bytes: Buffer): void {
    if (isUtf8(bytes)) this.#emit({ kind: 'line', text: bytes.toString('utf8') })
    else this.#emit({ kind: 'garbled' })
  }

  #end(): void {
    const bytes = Buffer.from(this.#line).subarray(0, Math.max(0, this.#line.length - this.#strayCrs))
    const tooLong = this.#dropped > 0
    this.#strayCrs = 0
    this.#line = NO_BYTES
    this.#dropped = 0
    this.#sawCr = false
    if (!tooLong) this.#tell(bytes)
  }

  #keep(byte: number): void {
    if (this.#dropped === 0 && this.#line.length < this.#maxBytes) {
      if (this.#line === NO_BYTES) this.#line = [byte]
      else this.#line.push(byte)
      return
    }
    this.#dropped += 1
    this.#line = NO_BYTES
    if (this.#dropped === 1) this.#emit({ kind: 'too-long' })
    if (this.#dropped === this.#maxBytes * FLOOD_FACTOR) this.#emit({ kind: 'flood' })
  }

  #text(byte: number): void {
    if (this.#swallowLf) {
      if (byte === CR) return
      this.#swallowLf = false
      if (byte === LF || byte === NUL) return
    }
    if (this.#sawCr) {
      this.#sawCr = byte === CR
      if (byte !== LF) this.#keep(CR)
      if (byte === CR) this.#strayCrs += 1
      else if (byte !== LF) this.#strayCrs = 0
      if (byte === NUL || byte === CR) return
    }
    if (byte === LF) this.#end()
    else if (byte === CR) this.#return()
    else if (byte < SE || this.#line.length > 0 || this.#dropped > 0) this.#keep(byte)
  }

  #return(): void {
    if (this.#isUrgent()) {
      this.#swallowLf = true
      this.#end()
    } else this.#sawCr = true
  }

  #isUrgent(): boolean {
    if (this.#dropped > 0 || this.#line.length !== SENT_AS_URGENT_BYTES) return false
    return SENT_AS_URGENT.includes(String.fromCharCode(...this.#line).toUpperCase())
  }

  #command(byte: number): void {
    this.#telnet = 'none'
    if (byte === IAC) this.#text(IAC)
    else if (byte === SB) this.#telnet = 'sub'
    else if (byte >= WILL) this.#telnet = 'option'
    else if (byte < SE) this.#noCommand(byte)
  }

  /** The rest of a telnet command was urgent data; inside a line it is none, and no UTF-8 either. */
  #noCommand(byte: number): void {
    if (this.#line.length > 0) this.#text(IAC)
    this.#text(byte)
  }

  #step(byte: number): void {
    switch (this.#telnet) {
      case 'none':
        if (byte === IAC) this.#telnet = 'command'
        else this.#text(byte)
        return
      case 'command':
        this.#command(byte)
        return
      case 'option':
        this.#telnet = 'none'
        return
      case 'sub':
        if (byte === IAC) this.#telnet = 'sub-command'
        else this.#keepSub()
        return
      case 'sub-command':
        this.#telnet = byte === SE ? 'none' : 'sub'
        return
    }
  }

  /** Counted for the whole connection: a file transfer has nothing to negotiate. */
  #keepSub(): void {
    this.#negotiation += 1
    if (this.#negotiation === this.#maxBytes * FLOOD_FACTOR) this.#emit({ kind: 'flood' })
  }
}
