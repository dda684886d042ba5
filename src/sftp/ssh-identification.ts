// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: the first line of a client.
import type { Socket } from 'node:net'

/** Of a line; ssh2 refuses so many bytes without an end. RFC 4253, section 4.2, allows 255. */
const LONGEST = 8192
const LF = 0x0a

/**
 * Hands what a peer says first on when its line is whole. ssh2 keeps the first piece of a line and the last: with one between
 * them the line is another.
 */
export function gatherIdentification(socket: Socket): void {
  const { emit } = socket
  let line: Buffer | undefined
  const gather = (...event: unknown[]): unknown => {
    const [name, piece] = event
    if (name !== 'data' || !Buffer.isBuffer(piece)) return Reflect.apply(emit, socket, event)
    line = line === undefined ? piece : Buffer.concat([line, piece])
    if (line.length < LONGEST && !line.includes(LF)) return true
    Reflect.deleteProperty(socket, 'emit')
    return socket.emit('data', line)
  }
  Reflect.set(socket, 'emit', gather)
}
