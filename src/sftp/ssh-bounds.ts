// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: numbers and texts of a client that ssh2 works with before, or
// without, looking whether they can be.
import type { Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { createBodyReader } from './codec.ts'
import type { KexAllowance } from './kex-allowance.ts'
import { LEAST_PACKET } from './limits.ts'
import { has } from './shapes.ts'

const KEXINIT = 20
const INFO_RESPONSE = 61
const GLOBAL_REQUEST = 80
/** SERVICE_ACCEPT, USERAUTH_FAILURE, _SUCCESS, _BANNER, _PK_OK: with them ssh2 would lose count of the requests of a login. */
const ONLY_OF_SERVERS: ReadonlySet<unknown> = new Set([6, 51, 52, 53, 60])
/** What a server tells its clients; ssh2 reads the keys in it, as any kind of file, whoever says it. */
const ANNOUNCE = 'hostkeys-00@openssh.com'
/** RFC 4254, section 5.1: SSH_OPEN_RESOURCE_SHORTAGE. */
const SHORTAGE = 4
/** For the transport: nothing that follows counts. */
const NO_MORE = Number.POSITIVE_INFINITY

type OnPayload = (payload: Buffer) => unknown
type OpenInfo = Readonly<{ sender: unknown; packetSize: unknown }>
type Protocol = {
  _kexinit: unknown
  _onPayload: OnPayload
  _handlers: {
    CHANNEL_OPEN: (self: unknown, info: OpenInfo) => void
    CHANNEL_CLOSE: (self: unknown, channel: number) => void
  }
  requestFailure(): void
  channelOpenFail(channel: number, reason: number): void
  channelClose(channel: number): void
}
type Channels = { get(channel: number): unknown; remove(channel: number): void }

function isProtocol(value: unknown): value is Protocol {
  const methods = ['_onPayload', 'requestFailure', 'channelOpenFail', 'channelClose']
  if (!has(value, 'function', ...methods) || !Reflect.has(Object(value), '_kexinit')) return false
  return has(Reflect.get(Object(value), '_handlers'), 'function', 'CHANNEL_OPEN', 'CHANNEL_CLOSE')
}

const isChannels = (value: unknown): value is Channels => has(value, 'function', 'get', 'remove')

export type Bounds = Readonly<{
  allowance: Pick<KexAllowance, 'take'>
  /** Ends the connection. */
  onViolation: (why: string) => void
}>

/** Bounds what a client can make ssh2 do. To be called before the first key exchange: only messages that are encrypted pass here. */
export function boundMessages(client: SshClient, { allowance, onViolation }: Bounds): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isProtocol(protocol)) throw new FileServerError('internal', 'this version of ssh2 has other messages')
  const original = protocol._onPayload
  protocol._onPayload = (payload) => {
    const why = impossible(payload) ?? kexRefusal(payload, client, protocol, allowance)
    if (why !== undefined) {
      onViolation(why)
      return NO_MORE
    }
    const wantsReply = payload[0] === GLOBAL_REQUEST ? announcement(payload) : undefined
    if (wantsReply === undefined) return original(payload)
    if (wantsReply) protocol.requestFailure()
  }
  boundChannels(client, protocol, onViolation)
}

/** Why a message ends the connection. */
function impossible(payload: Buffer): string | undefined {
  // ssh2 makes a list of that length, 256 MiB of it, before it looks for the first answer.
  if (payload[0] === INFO_RESPONSE && payload.length >= 5 && payload.readUInt32BE(1) * 4 > payload.length - 5)
    return 'more answers than bytes'
  return ONLY_OF_SERVERS.has(payload[0]) ? 'message of a server' : undefined
}

/** Why a key exchange of a client is not wanted. That it answers one which the server has begun does not count. */
function kexRefusal(
  payload: Buffer,
  client: SshClient,
  { _kexinit }: Protocol,
  allowance: Bounds['allowance'],
): string | undefined {
  if (payload[0] !== KEXINIT) return undefined
  // No client needs other keys before it is logged in.
  if (Reflect.get(client, 'authenticated') !== true) return 'key exchange before the login'
  return _kexinit !== undefined || allowance.take() ? undefined : 'too many key exchanges'
}

/** Whether it wants a reply, of an announcement of host keys; undefined for all else. */
function announcement(payload: Buffer): boolean | undefined {
  try {
    const body = createBodyReader(payload, 1)
    return body.string().toString('latin1') === ANNOUNCE ? body.byte() !== 0 : undefined
  } catch {
    return undefined
  }
}

/** `get` throws for numbers that no channel has. */
function idleSession(channels: Channels, channel: number): number | undefined {
  const session: unknown = channels.get(channel)
  const outgoing: unknown = Reflect.get(Object(Reflect.get(Object(session), '_chanInfo')), 'outgoing')
  const id: unknown = Reflect.get(Object(outgoing), 'id')
  return typeof id === 'number' && Reflect.get(Object(session), '_channel') === undefined ? id : undefined
}

function boundChannels(client: SshClient, protocol: Protocol, onViolation: (why: string) => void): void {
  const channels: unknown = Reflect.get(client, '_chanMgr')
  if (!isChannels(channels)) throw new FileServerError('internal', 'this version of ssh2 has no _chanMgr')
  const { CHANNEL_OPEN: open, CHANNEL_CLOSE: close } = protocol._handlers
  // ssh2 and we send in pieces of that size: of none, for ever.
  protocol._handlers.CHANNEL_OPEN = (self, info) => {
    const { sender, packetSize } = info
    if (typeof sender !== 'number' || typeof packetSize !== 'number') onViolation('half a channel')
    else if (packetSize < LEAST_PACKET) protocol.channelOpenFail(sender, SHORTAGE)
    else open(self, info)
  }
  // ssh2 keeps a session that never ran anything, and does not close its own side of it.
  protocol._handlers.CHANNEL_CLOSE = (self, channel) => {
    const peer = idleSession(channels, channel)
    close(self, channel)
    if (peer === undefined) return
    channels.remove(channel)
    protocol.channelClose(peer)
  }
}
