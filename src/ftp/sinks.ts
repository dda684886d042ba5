import type { Duplex } from 'node:stream'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Sink } from './course.ts'
import { type Link, readyFor } from './link.ts'
import { WRITABLE } from './native-sockets.ts'
import type { StallWatch } from './stall.ts'

type Stall = Pick<StallWatch, 'moved'>

/** A bigger write does not fit a plain socket's buffer whole and costs twice as much; TLS likes fewer, bigger ones. */
const PLAIN_PIECE = 128 * 1024
const TLS_PIECE = 256 * 1024

/** The socket's descriptor, as long as it is open. Node's inner name; without it downloads only cost more. */
export function descriptorOf(socket: Duplex): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return undefined
  const fd: unknown = Reflect.get(handle, 'fd')
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

/** One of Node's sockets, or a stream in front of it. */
class SocketSink implements Sink {
  readonly piece: number
  readonly room = undefined
  readonly #socket: Duplex
  readonly #stall: Stall
  readonly #encrypted: boolean

  constructor(socket: Duplex, stall: Stall) {
    this.#socket = socket
    this.#stall = stall
    this.#encrypted = 'encrypted' in socket
    this.piece = this.#encrypted ? TLS_PIECE : PLAIN_PIECE
  }

  get descriptor(): number | undefined {
    return this.#encrypted ? undefined : descriptorOf(this.#socket)
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += this.piece) {
      await this.#write(bytes.subarray(at, at + this.piece))
      this.#stall.moved()
    }
  }

  #write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      // zlib's streams forget the write that is under way when they are destroyed.
      const lost = () => reject(new Error('data connection closed early'))
      socket.once('close', lost)
      socket.write(bytes, (error) => {
        socket.off('close', lost)
        if (error) reject(error)
        else resolve()
      })
    })
  }
}

/** `stall` hears of each part of a write that has gone. */
export function socketSink(socket: Duplex, stall: Stall): Sink {
  return new SocketSink(socket, stall)
}

/** A data connection without Node's sockets. */
class LinkSink implements Sink {
  readonly piece: number
  readonly #link: Link
  readonly #stall: Stall

  constructor(link: Link, stall: Stall) {
    this.#link = link
    this.#stall = stall
    this.piece = link.encrypted ? TLS_PIECE : PLAIN_PIECE
  }

  get descriptor(): number | undefined {
    return this.#link.descriptor < 0 ? undefined : this.#link.descriptor
  }

  write(bytes: Uint8Array, last: boolean): MaybePromise<void> {
    const sent = this.#link.send(bytes, 0, last)
    if (last && sent === bytes.length) return
    if (sent < bytes.length || !this.#link.flush()) return this.#rest(bytes, sent)
  }

  readonly room = (): Promise<void> => readyFor(this.#link, WRITABLE)

  async #rest(bytes: Uint8Array, from: number): Promise<void> {
    for (let sent = from; sent < bytes.length || !this.#link.flush(); ) {
      await this.room()
      // The client has taken something, though it may take minutes until all of this write has gone.
      this.#stall.moved()
      if (sent < bytes.length) sent += this.#link.send(bytes, sent, false)
    }
  }
}

/** `stall` hears of each part of a write that has gone. */
export function linkSink(link: Link, stall: Stall): Sink {
  return new LinkSink(link, stall)
}
