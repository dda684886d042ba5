import type { Socket } from 'node:net'
import type { Auditor } from '../core/audit/auditor.ts'
import type { Authenticator } from '../core/auth/login.ts'
import type { Clock, Logger } from '../core/ports.ts'
import type { ProtocolAdapter } from '../server/adapter.ts'
import { Burst } from './burst.ts'
import type { NativeCiphers } from './ciphers/native-crypto.ts'
import { createConnection, type SshConnection } from './connection.ts'
import type { HostKey } from './host-keys.ts'
import { createInputPools } from './input-queue.ts'
import { READ_SIZE } from './limits.ts'
import { refuseConnection } from './refuse.ts'
import { createReplyPool } from './reply-pool.ts'
import type { SftpSettings } from './settings.ts'
import type { NativeSend } from './socket-output.ts'
import { gatherIdentification } from './ssh-identification.ts'
import { socketOf } from './ssh-internals.ts'
import { createOffers } from './ssh-kex.ts'
import { unpooled, unpoolIdentification } from './ssh-memory.ts'
import { ssh2 } from './ssh2.ts'
import { createTerms, type TermsSettings } from './terms.ts'

export type SftpAdapterOptions = Readonly<{
  authenticator: Authenticator
  audit: Auditor
  clock: Clock
  logger: Logger
  settings: SftpSettings
  /** The preferred first; at least one. */
  hostKeys: readonly HostKey[]
  /** Ciphers in machine code; without them ours run on Node's crypto. */
  native: (NativeCiphers & NativeSend) | undefined
}>

/** setInterval's longest time: switches ssh2's own keep-alive off, which knows no other way. */
const NEVER_MS = 2 ** 31 - 1

export type SftpAdapter = ProtocolAdapter & {
  /** What connections are offered from here on; those that are there keep what they have. */
  setTerms(terms: TermsSettings): void
}

/** The SFTP door. ssh2 does the transport and never listens: sockets come from the server's listeners. */
export function createSftpAdapter(options: SftpAdapterOptions): SftpAdapter {
  const { settings, logger } = options
  const waiting = new WeakMap<Socket, SshConnection>()
  const connections = new Set<SshConnection>()
  const pool = createReplyPool()
  const burst = new Burst()
  const inputPools = createInputPools()
  const readBuffer = Buffer.allocUnsafeSlow(READ_SIZE)
  let termsOf = createTerms(settings.terms)
  const offers = createOffers(options.hostKeys)
  const server = new ssh2.Server({
    hostKeys: options.hostKeys.map((key) => key.pem),
    ident: settings.identification,
    banner: settings.banner,
    keepaliveInterval: NEVER_MS,
  })
  server.on('error', (error: unknown) => logger.error({ err: error }, 'SSH server failed'))
  server.on('connection', (client, { header }) => {
    const socket = socketOf(client)
    unpoolIdentification(client)
    waiting.get(socket)?.attach(client, header.versions.software)
  })

  return {
    serve(socket, origin) {
      // Without it each small status waits for the peer's delayed acknowledgement.
      socket.setNoDelay(true)
      const connection = createConnection(socket, origin, {
        ...options,
        termsOf,
        offers,
        pool,
        burst,
        inputPools,
        readBuffer,
      })
      waiting.set(socket, connection)
      connections.add(connection)
      void connection.done.then(() => connections.delete(connection))
      gatherIdentification(socket)
      unpooled(() => server.injectSocket(socket))
      return connection
    },
    refuse: (socket, code) => refuseConnection(socket, code, settings.identification),
    setTerms(terms) {
      termsOf = createTerms(terms)
    },
    async close() {
      const open = [...connections]
      for (const connection of open) connection.close('now')
      await Promise.all(open.map((connection) => connection.done))
    },
  }
}
