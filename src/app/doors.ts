import type { Config, ListenerConfig } from '../config/schema.ts'
import type { Auditor } from '../core/audit/auditor.ts'
import type { Authenticator } from '../core/auth/login.ts'
import type { Clock, Logger } from '../core/ports.ts'
import { createFtpAdapter } from '../ftp/adapter.ts'
import type { ProtocolAdapter } from '../server/adapter.ts'
import { createSftpAdapter } from '../sftp/adapter.ts'
import { readHostKeys, readTlsMaterial } from './key-material.ts'
import { ftpSettings, sftpSettings } from './settings.ts'

export type DoorDeps = Readonly<{
  authenticator: Authenticator
  audit: Auditor
  clock: Clock
  logger: Logger
}>

/** The adapters of all listeners. */
export type Doors = {
  of(listener: ListenerConfig): ProtocolAdapter
  /** Reads the certificate again: later handshakes use it. Throws OperatorError, and then the old one stays. */
  reloadCertificate(config: Config): void
  close(): Promise<void>
}

/** Reads only the keys that some listener needs. Throws OperatorError or the system's error for a key file. */
export function createDoors(config: Config, deps: DoorDeps): Doors {
  const needsTls = config.listeners.some((listener) => listener.door === 'ftp')
  const needsSsh = config.listeners.some((listener) => listener.door === 'sftp')
  let material = needsTls ? readTlsMaterial(config) : undefined
  const hostKeys = needsSsh ? readHostKeys(config) : []
  const adapters = new Map<string, ProtocolAdapter>()

  function make(listener: ListenerConfig): ProtocolAdapter {
    if (listener.door === 'sftp')
      return createSftpAdapter({ ...deps, settings: sftpSettings(config), hostKeys })
    return createFtpAdapter({ ...deps, settings: ftpSettings(config, listener), tls: () => material })
  }

  return {
    of(listener) {
      const adapter = adapters.get(listener.name) ?? make(listener)
      adapters.set(listener.name, adapter)
      return adapter
    },
    reloadCertificate(next) {
      if (needsTls) material = readTlsMaterial(next)
    },
    close: async () => void (await Promise.all([...adapters.values()].map((adapter) => adapter.close()))),
  }
}
