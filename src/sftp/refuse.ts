import type { Socket } from 'node:net'
import type { ErrorCode } from '../core/errors.ts'
import { byte, string, uint32 } from './codec.ts'
import { disconnectCodeOf, ERROR_MAP } from './error-map.ts'

const DISCONNECT_MESSAGE = 1
const MIN_PADDING = 4
const BLOCK = 8

/**
 * A SSH_MSG_DISCONNECT (RFC 4253, section 11.1) that needs no handshake: packets are in clear until there are keys.
 * `access.denied` gets nothing at all, so that a refused address does not learn what listens here.
 */
export function refuseConnection(socket: Socket, code: ErrorCode, identification: string): void {
  socket.on('error', () => {})
  if (code === 'access.denied') {
    socket.destroy()
    return
  }
  const fields = [
    byte(DISCONNECT_MESSAGE),
    uint32(disconnectCodeOf(code)),
    string(ERROR_MAP[code].text),
    string(''),
  ]
  const size = fields.reduce((sum, field) => sum + field.size, 0)
  const head = 5
  const padding = MIN_PADDING + ((BLOCK - ((head + size + MIN_PADDING) % BLOCK)) % BLOCK)
  const message = Buffer.alloc(head + size + padding)
  message.writeUInt32BE(1 + size + padding, 0)
  message.writeUInt8(padding, 4)
  let at = head
  for (const field of fields) {
    field.put(message, at)
    at += field.size
  }
  socket.write(`SSH-2.0-${identification}\r\n`)
  socket.write(message)
  socket.destroySoon()
}
