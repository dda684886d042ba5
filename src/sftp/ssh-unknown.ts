// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: messages that it does not know.
import type { Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { byte, uint32 } from './codec.ts'
import { has } from './shapes.ts'
import { sendMessage } from './ssh-message.ts'

const UNIMPLEMENTED = 3
/** Of the transport, of key exchanges, of logins and of channels: from and to (RFC 4250, section 4.1.2; RFC 8308). */
const KNOWN = [
  [1, 7],
  [20, 53],
  [60, 61],
  [80, 82],
  [90, 100],
] as const

type OnPayload = (payload: Buffer) => unknown
type Protocol = { _onPayload: OnPayload; _decipher: unknown }

const isProtocol = (value: unknown): value is Protocol =>
  has(value, 'function', '_onPayload') && has(value, 'object', '_decipher')

/**
 * RFC 4253, section 11.4: who sends what is not known is told so; ssh2 says nothing, and a client may wait. To be called before
 * the first key exchange, in which nothing unknown is allowed.
 */
export function answerUnknown(client: SshClient): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isProtocol(protocol)) throw new FileServerError('internal', 'this version of ssh2 has other messages')
  const original = protocol._onPayload
  protocol._onPayload = (payload) => {
    const [type] = payload
    if (type === undefined || KNOWN.some(([from, to]) => type >= from && type <= to)) return original(payload)
    const { _decipher } = protocol
    if (!has(_decipher, 'number', 'inSeqno'))
      throw new FileServerError('internal', 'this version of ssh2 counts else')
    // It counts before it hands on.
    sendMessage(
      client,
      byte(UNIMPLEMENTED),
      uint32((Number(Reflect.get(Object(_decipher), 'inSeqno')) - 1) >>> 0),
    )
  }
}
