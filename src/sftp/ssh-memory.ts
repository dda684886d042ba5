// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: what it keeps of a connection that does nothing.
import type { Connection as SshClient } from 'ssh2'

/**
 * Runs `fn` with every Buffer in memory of its own. ssh2 keeps two of some twenty bytes for as long as a connection
 * lasts, and each would hold a whole block of those that Node cuts short Buffers from: 64 KiB.
 */
export function unpooled<T>(fn: () => T): T {
  const size = Buffer.poolSize
  Buffer.poolSize = 0
  try {
    return fn()
  } finally {
    Buffer.poolSize = size
  }
}

/** The same for Buffers that a part of ssh2 has made already. */
export function unpoolParts(part: unknown): void {
  if (typeof part !== 'object' || part === null) return
  for (const [name, value] of Object.entries(part)) {
    if (!Buffer.isBuffer(value) || value.length === value.buffer.byteLength) continue
    const copy = unpooled(() => Buffer.from(value))
    Reflect.set(part, name, copy)
  }
}

/** Of what has been said before ssh2 tells of a client: the identification lines. */
export function unpoolIdentification(client: SshClient): void {
  unpoolParts(Reflect.get(client, '_protocol'))
}
