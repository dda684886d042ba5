import { connect, type Socket } from 'node:net'
import { FileServerError } from '../core/errors.ts'
import { canonicalAddress } from '../core/net.ts'

export type ActiveTarget = Readonly<{ host: string; port: number }>

/** Below are the ports of services; a server that connects there on request is somebody's weapon. */
const LOWEST_PORT = 1024

/** RFC 2577 section 3: only to the client itself. */
export function allowedTarget(target: ActiveTarget, peerIp: string): boolean {
  return (
    target.port >= LOWEST_PORT &&
    target.port <= 65535 &&
    canonicalAddress(target.host) === canonicalAddress(peerIp)
  )
}

export type ActiveSource = Readonly<{ ip: string; port: number }>

/** `from.port` 0 = any. Rejects with transfer.no-data-connection, or the signal's reason. */
export function connectActive(
  target: ActiveTarget,
  from: ActiveSource,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: target.host,
      port: target.port,
      localAddress: from.ip,
      localPort: from.port,
      allowHalfOpen: true,
      noDelay: true,
    })
    const stop = () => {
      socket.destroy()
      reject(signal.reason)
    }
    socket.pause()
    socket.on('error', (cause) => {
      signal.removeEventListener('abort', stop)
      reject(new FileServerError('transfer.no-data-connection', 'cannot connect', { cause }))
    })
    socket.once('connect', () => {
      signal.removeEventListener('abort', stop)
      resolve(socket)
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
