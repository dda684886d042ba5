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
type WindowHandler = (self: unknown, channel: unknown, bytes: number) => void
type Protocol = {
  _kex: unknown
  _handlers: {
    GLOBAL_REQUEST: Handler
    CHANNEL_REQUEST: ChannelHandler
    CHANNEL_WINDOW_ADJUST: WindowHandler
  }
  channelFailure(channel: number): void
  requestSuccess(data: Buffer): void
  requestFailure(): void
}

function isProtocol(value: unknown): value is Protocol {
  if (!has(value, 'function', 'requestSuccess', 'requestFailure', 'channelFailure')) return false
  const kinds = ['GLOBAL_REQUEST', 'CHANNEL_REQUEST', 'CHANNEL_WINDOW_ADJUST']
  return has(Reflect.get(Object(value), '_handlers'), 'function', ...kinds)
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

type Outgoing = { id: number; window: number }
const isOutgoing = (value: unknown): value is Outgoing => has(value, 'number', 'id', 'window')

/** The way to the peer of a session, and whether it can still begin to run something; undefined for all other channels. */
function sessionAt(
  client: SshClient,
  channel: unknown,
): { outgoing: Outgoing; idle: boolean; ended: boolean } | undefined {
  const channels: unknown = Reflect.get(client, '_chanMgr')
  const get: unknown = Reflect.get(Object(channels), 'get')
  if (typeof get !== 'function') throw new FileServerError('internal', 'this version of ssh2 has no _chanMgr')
  const session: unknown = Reflect.apply(get, channels, [channel])
  const outgoing: unknown = Reflect.get(Object(Reflect.get(Object(session), '_chanInfo')), 'outgoing')
  if (!isOutgoing(outgoing)) return undefined
  const idle = Reflect.get(Object(session), '_channel') === undefined
  return { outgoing, idle, ended: Reflect.get(Object(session), '_ending') === true }
}

/**
 * RFC 4254, section 5.4: whoever asks for an answer gets one. ssh2 leaves requests to a session without that already runs
 * something, or for which the client has said that it sends no data, and a client may wait for it.
 */
export function answerLateRequests(client: SshClient): void {
  const protocol = protocolOf(client)
  const others = protocol._handlers.CHANNEL_REQUEST
  protocol._handlers.CHANNEL_REQUEST = (self, channel, type, wantsReply, data) => {
    const session = wantsReply === true ? sessionAt(client, channel) : undefined
    if (session === undefined || (session.idle && !session.ended))
      others(self, channel, type, wantsReply, data)
    else protocol.channelFailure(session.outgoing.id)
  }
}

/** RFC 4254, section 5.2: a client may open its window before it says what is to run; ssh2 forgets that it did. */
export function keepEarlyWindows(client: SshClient): void {
  const { _handlers } = protocolOf(client)
  const others = _handlers.CHANNEL_WINDOW_ADJUST
  _handlers.CHANNEL_WINDOW_ADJUST = (self, channel, bytes) => {
    const session = sessionAt(client, channel)
    if (session?.idle) session.outgoing.window += bytes
    else others(self, channel, bytes)
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
