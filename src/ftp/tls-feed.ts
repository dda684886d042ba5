import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { canReadThrough } from './read-into.ts'
import { RecordEdge } from './record-edge.ts'
import { writingInto } from './write-side.ts'

export type TlsFeed = {
  /** What the TLS socket is made on instead of the raw one. */
  readonly stream: Duplex
  /** What the server says from now on goes out with its end; made without `holds` it may go at once. Not in a handshake. */
  hold(): void
  /** Tells the feed which TLS socket reads from it. */
  attach(secure: TLSSocket): void
}

/**
 * Makes a cut TLS stream an error. Node reports the end of the TCP connection and close_notify alike, as 'end', so
 * that an upload which was cut would look complete. Here the TCP end is held back until all bytes before it have been
 * decrypted: when the TLS stream has not ended by then, close_notify was missing.
 *
 * `holds`: in TLS 1.3 tickets follow the handshake. A client that only sends leaves them unread, and its system then takes a
 * close for a reason to reset the connection and to forget what it still had to send.
 *
 * `onOpenEnd`: an end behind a whole record is a good one even without close_notify; called in front of it.
 */
export function createTlsFeed(raw: Socket, holds: boolean, onOpenEnd: (() => void) | undefined): TlsFeed {
  if (onOpenEnd !== undefined) return createStreamFeed(raw, { edge: new RecordEdge(), onOpenEnd })
  return canReadThrough(raw) && !holds ? createDirectFeed(raw) : createStreamFeed(raw, undefined)
}

/** Node tells the end of `raw` apart from that of the TLS stream already. */
function createDirectFeed(raw: Socket): TlsFeed {
  return {
    stream: raw,
    hold: () => undefined,
    attach(secure) {
      const judge = new Judge(raw, undefined)
      judge.attach(secure)
      if (raw.readableEnded) judge.rawEnd()
      else raw.once('end', judge.rawEnd)
    },
  }
}

type OpenEnd = Readonly<{ edge: RecordEdge; onOpenEnd: () => void }>

/** Says which TLS stream ended too early. */
class Judge {
  /** What the TLS stream reads from. */
  readonly #stream: Duplex
  readonly #open: OpenEnd | undefined
  #secure: TLSSocket | undefined
  #rawEnded = false

  constructor(stream: Duplex, open: OpenEnd | undefined) {
    this.#stream = stream
    this.#open = open
  }

  get attached(): boolean {
    return this.#secure !== undefined
  }

  readonly rawEnd = (): void => {
    this.#rawEnded = true
    this.#judge()
  }

  attach(secure: TLSSocket): void {
    this.#secure = secure
    secure.pause()
    secure.on('data', this.#judge)
    // A paused stream keeps its 'end' to itself, so it is judged again when it goes on.
    secure.on('resume', this.#judge)
    this.#judge()
  }

  readonly #judge = (): void => {
    const secure = this.#secure
    if (!this.#rawEnded || secure === undefined) return
    if (this.#stream.readableLength > 0 || secure.readableLength > 0) return
    // 'end' comes by process.nextTick after the last byte was taken, so it is out before this runs.
    setImmediate(() => {
      if (secure.readableEnded || secure.destroyed) return
      if (secure.isPaused() || secure.readableLength > 0) return
      this.#cut(secure)
    })
  }

  #cut(secure: TLSSocket): void {
    if (this.#open?.edge.here !== true) {
      secure.destroy(new Error('TLS stream was cut'))
      return
    }
    this.#open.onOpenEnd()
    secure.push(null)
  }
}

/** Answers to a client that changes its keys again and again are not kept without end. */
const MAX_HELD = 16 * 1024

/** The writing half of a stream on `raw` that keeps what is written after `hold` until its end. */
function holding(raw: Socket) {
  const through = writingInto(raw)
  let held: Buffer[] | undefined
  let bytes = 0
  const release = () => {
    for (const chunk of held ?? []) raw.write(chunk)
    held = undefined
  }
  const write: typeof through.write = (chunk: Buffer, encoding, done) => {
    if (bytes > MAX_HELD) release()
    if (held === undefined) return through.write(chunk, encoding, done)
    held.push(chunk)
    bytes += chunk.length
    done()
  }
  const final: typeof through.final = (done) => {
    release()
    through.final(done)
  }
  // Node destroys what has ended on both sides, be it with or without asking for the end.
  const destroy: typeof through.destroy = (error, done) => {
    if (error !== null || held === undefined) return through.destroy(error, done)
    release()
    raw.destroySoon()
    done(null)
  }
  const hold = () => {
    held = []
  }
  return { half: { ...through, write, final, destroy }, hold }
}

/** Where Node's inner names are others, or something is to be held: a stream of ours between the two. */
function createStreamFeed(raw: Socket, open: OpenEnd | undefined): TlsFeed {
  let rawEnded = false
  const { half, hold } = holding(raw)
  const stream = new Duplex({
    ...half,
    read: () => {
      raw.resume()
    },
  })
  const judge = new Judge(stream, open)

  raw.on('data', (chunk: Buffer) => {
    open?.edge.pass(chunk)
    if (!stream.push(chunk) || stream.isPaused()) raw.pause()
  })
  raw.on('end', () => {
    rawEnded = true
    judge.rawEnd()
    // An end in the middle of the handshake; a finished one would have attached its socket by then.
    setImmediate(() => {
      if (!judge.attached) stream.destroy()
    })
  })
  raw.on('error', (error) => stream.destroy(error))
  raw.on('close', () => {
    if (!rawEnded) stream.destroy()
  })
  return { stream, hold, attach: (secure) => judge.attach(secure) }
}
