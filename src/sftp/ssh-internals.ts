// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside. Each use stands here with its reason, is checked at run time and
// has a test, so that another version of ssh2 fails loudly instead of quietly.
import type { Socket } from 'node:net'
import type { Connection as SshClient, Session as SshSession } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import type { NativeCiphers } from './ciphers/native-crypto.ts'
import type { DisconnectCode } from './error-map.ts'
import { has, isDirection } from './shapes.ts'
import { useOwnCiphers } from './ssh-ciphers.ts'

type Handler = (protocol: unknown, ...rest: unknown[]) => void

type Protocol = {
  _kexinit: unknown
  _queue: unknown
  _handlers: Record<string, Handler>
  disconnect(reason: number): void
  ping(): void
  serviceAccept(name: string): void
  channelOpenConfirm(remote: number, local: number, window: number, packetSize: number): void
}

function isProtocol(value: unknown): value is Protocol {
  const methods = has(value, 'function', 'disconnect', 'ping', 'serviceAccept', 'channelOpenConfirm')
  return methods && has(value, 'object', '_handlers')
}

function unfit(what: string): FileServerError {
  return new FileServerError('internal', `this version of ssh2 has no ${what}`)
}

/** The socket that a client of ssh2's server runs on; its only public trace is an address. */
export function socketOf(client: SshClient): Socket {
  const socket: unknown = Reflect.get(client, '_sock')
  if (!has(socket, 'function', 'destroySoon', 'setNoDelay')) throw unfit('_sock')
  return socket as Socket
}

/** What ssh2 does for one connection. A class: every idle session has one. */
export class Transport {
  readonly #protocol: Protocol

  constructor(protocol: Protocol) {
    this.#protocol = protocol
  }

  get inKeyExchange(): boolean {
    return this.#protocol._kexinit !== undefined
  }

  /** Outgoing packets that ssh2 keeps until the key exchange is over; it has no bound for them. */
  get heldPackets(): number {
    const { _queue } = this.#protocol
    return Array.isArray(_queue) ? _queue.length : 0
  }

  /** Throws when the transport is already dead. */
  disconnect(reason: DisconnectCode): void {
    this.#protocol.disconnect(reason)
  }

  ping(): void {
    this.#protocol.ping()
  }

  /** Accepts a session with a window of our size: ssh2 always grants 2 MiB, and grants it again by itself. */
  acceptSession(accept: () => SshSession, window: number): SshSession {
    const protocol = this.#protocol
    const confirm = protocol.channelOpenConfirm
    protocol.channelOpenConfirm = (remote, local, _window, packetSize) =>
      confirm.call(protocol, remote, local, window, packetSize)
    const session = accept()
    protocol.channelOpenConfirm = confirm
    const incoming: unknown = Reflect.get(Object(Reflect.get(session, '_chanInfo')), 'incoming')
    if (!isDirection(incoming)) throw unfit('_chanInfo')
    incoming.window = window
    return session
  }
}

export function transportOf(client: SshClient, native: NativeCiphers | undefined): Transport {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isProtocol(protocol)) throw unfit('_protocol')
  allowRepeatedServiceRequest(client, protocol)
  useOwnCiphers(protocol, native)
  return new Transport(protocol)
}

/** paramiko asks for ssh-userauth before each attempt, which RFC 4252 allows; ssh2 would disconnect it. */
function allowRepeatedServiceRequest(client: SshClient, protocol: Protocol): void {
  const first = protocol._handlers.SERVICE_REQUEST
  if (first === undefined) throw unfit('SERVICE_REQUEST handler')
  let accepted = false
  protocol._handlers.SERVICE_REQUEST = (self, ...rest) => {
    const again = accepted && rest[0] === 'ssh-userauth' && Reflect.get(client, 'authenticated') === false
    if (again) protocol.serviceAccept('ssh-userauth')
    else first(self, ...rest)
    accepted = true
  }
}
