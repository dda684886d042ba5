import type { Socket } from 'node:net'
import { MAX_BYTES_IN_KEX, MAX_HELD_PACKETS, SOCKET_STOP_READING } from './limits.ts'
import type { Transport } from './ssh-internals.ts'

/**
 * Bounds what ssh2 itself would queue for a peer that asks and asks (global requests, channel openings, pings) and
 * does not read, or that begins a key exchange and does not finish it.
 */
export function guardSocket(socket: Socket, transport: Transport, onViolation: (why: string) => void): void {
  let kexSince = 0
  socket.on('data', () => {
    if (!transport.inKeyExchange) kexSince = socket.bytesRead
    else if (socket.bytesRead - kexSince > MAX_BYTES_IN_KEX || transport.heldPackets > MAX_HELD_PACKETS) {
      onViolation('key exchange without an end')
    }
    if (socket.writableLength > SOCKET_STOP_READING) socket.pause()
  })
  socket.on('drain', () => socket.resume())
}
