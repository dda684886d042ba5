// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: global requests (RFC 4254, section 4).
import type { Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { has } from './shapes.ts'

type Handler = (self: unknown, name: unknown, wantsReply: unknown, data: unknown) => void
type ChannelHandler = (
  self: unknown,
  channel: unknown,
  type: unknown,
  wantsReply: unknown,
  data: unknown,
) => void
type Protocol = {
  _kex: unknown
  _handlers: { GLOBAL_REQUEST: Handler; CHANNEL_REQUEST: ChannelHandler }
  channelFailure(channel: number): void
  requestSuccess(data: Buffer): void
  requestFailure(): void
}

function isProtocol(value: unknown): value is Protocol {
  if (!has(value, 'function', 'requestSuccess', 'requestFailure', 'channelFailure')) return false
  return has(Reflect.get(Object(value), '_handlers'), 'function', 'GLOBAL_REQUEST', 'CHANNEL_REQUEST')
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

/** The peer's number of a session that already runs something; undefined for all other channels. */
function runningSession(client: SshClient, channel: unknown): number | undefined {
  const channels: unknown = Reflect.get(client, '_chanMgr')
  const get: unknown = Reflect.get(Object(channels), 'get')
  if (typeof get !== 'function') throw new FileServerError('internal', 'this version of ssh2 has no _chanMgr')
  const session: unknown = Reflect.apply(get, channels, [channel])
  const started: unknown = Reflect.get(Object(session), '_channel')
  const outgoing: unknown = Reflect.get(Object(Reflect.get(Object(session), '_chanInfo')), 'outgoing')
  const id: unknown = Reflect.get(Object(outgoing), 'id')
  return started instanceof Object && typeof id === 'number' ? id : undefined
}

/**
 * RFC 4254, section 5.4: whoever asks for an answer gets one. ssh2 leaves requests to a session that already runs
 * something without, and a client may wait for it.
 */
export function answerLateRequests(client: SshClient): void {
  const protocol = protocolOf(client)
  const others = protocol._handlers.CHANNEL_REQUEST
  protocol._handlers.CHANNEL_REQUEST = (self, channel, type, wantsReply, data) => {
    const peer = wantsReply === true ? runningSession(client, channel) : undefined
    if (peer === undefined) others(self, channel, type, wantsReply, data)
    else protocol.channelFailure(peer)
  }
}

/**
 * To be called when a client has given up a question of its login for another request (RFC 4252, section 5.1). ssh2 takes the
 * next answer for one to that question, and fails where it is the word that a key would do.
 */
export function forgetQuestion(client: SshClient): void {
  const requests: unknown = Reflect.get(protocolOf(client), '_authsQueue')
  if (!Array.isArray(requests))
    throw new FileServerError('internal', 'this version of ssh2 has no _authsQueue')
  requests.shift()
}
