// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: global requests (RFC 4254, section 4).
import type { Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'

type Handler = (self: unknown, name: unknown, wantsReply: unknown, data: unknown) => void
type Protocol = {
  _kex: unknown
  _handlers: { GLOBAL_REQUEST: Handler }
  requestSuccess(data: Buffer): void
  requestFailure(): void
}

function isProtocol(value: unknown): value is Protocol {
  if (typeof value !== 'object' || value === null) return false
  const handlers: unknown = Reflect.get(value, '_handlers')
  return (
    ['requestSuccess', 'requestFailure'].every((name) => typeof Reflect.get(value, name) === 'function') &&
    typeof Reflect.get(Object(handlers), 'GLOBAL_REQUEST') === 'function'
  )
}

function protocolOf(client: SshClient): Protocol {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isProtocol(protocol)) throw new FileServerError('internal', 'this version of ssh2 has other requests')
  return protocol
}

/** The hash of the first key exchange (RFC 4253, section 7.2). */
export function sessionIdOf(client: SshClient): Buffer {
  const id: unknown = Reflect.get(Object(protocolOf(client)._kex), 'sessionID')
  if (!Buffer.isBuffer(id)) throw new FileServerError('internal', 'this version of ssh2 has no sessionID')
  return id
}

/**
 * Answers one kind of global request, with failure where `answer` gives undefined. All others are refused by ssh2,
 * at once, so that answers keep the order of the requests.
 */
export function onGlobalRequest(
  client: SshClient,
  name: string,
  answer: (data: Buffer) => Buffer | undefined,
): void {
  const protocol = protocolOf(client)
  const others = protocol._handlers.GLOBAL_REQUEST
  protocol._handlers.GLOBAL_REQUEST = (self, asked, wantsReply, data) => {
    if (asked !== name || wantsReply !== true || !Buffer.isBuffer(data))
      return others(self, asked, wantsReply, data)
    const reply = answer(data)
    if (reply === undefined) protocol.requestFailure()
    else protocol.requestSuccess(reply)
  }
}
