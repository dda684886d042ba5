import type { Config, ListenerConfig } from '../config/schema.ts'
import type { Auditor } from '../core/audit/auditor.ts'
import type { Authenticator } from '../core/auth/login.ts'
import type { Clock, Logger } from '../core/ports.ts'
import { createFtpAdapter } from '../ftp/adapter.ts'
import type { Native } from '../native/native.ts'
import type { ProtocolAdapter } from '../server/adapter.ts'
import { createSftpAdapter, type SftpAdapter } from '../sftp/adapter.ts'
import { readHostKeys } from './key-material.ts'
import { type ReloadedFiles, readListenerFiles } from './listener-files.ts'
import type { FindHost } from './passive-address.ts'
import { sftpSettings, termsSettings } from './settings.ts'

export type DoorDeps = Readonly<{
  authenticator: Authenticator
  audit: Auditor
  clock: Clock
  logger: Logger
  /** Some user must resume TLS sessions, see FtpDeps. */
  strictUsers: () => boolean
  /** Addresses of the host names that PASV names. */
  findHost: FindHost
  native: Native | undefined
}>

/** The adapters of all listeners. */
export type Doors = {
  of(listener: ListenerConfig): ProtocolAdapter
  /** Reads certificates, client authorities, revocation lists and banners of the ftp listeners again, for later connections. */
  reloadFiles(config: Config): ReloadedFiles
  /** Later SSH connections are offered what this configuration says. */
  replaceTerms(config: Config): void
  close(): Promise<void>
}

/** Reads only the keys that some listener needs. Throws OperatorError or the system's error for a key file. */
export function createDoors(config: Config, deps: DoorDeps): Doors {
  const files = readListenerFiles(config, deps.findHost)
  const adapters = new Map<string, ProtocolAdapter>()
  const sftp = new Map<string, SftpAdapter>()

  function make(listener: ListenerConfig): ProtocolAdapter {
    if (listener.door === 'sftp') {
      const hostKeys = readHostKeys(config, listener.hostKeys)
      const adapter = createSftpAdapter({ ...deps, settings: sftpSettings(config, listener), hostKeys })
      sftp.set(listener.name, adapter)
      return adapter
    }
    return createFtpAdapter({
      ...deps,
      get settings() {
        return files.of(listener).settings
      },
      tls: () => files.of(listener).material,
    })
  }

  return {
    of(listener) {
      const adapter = adapters.get(listener.name) ?? make(listener)
      adapters.set(listener.name, adapter)
      return adapter
    },
    reloadFiles: ({ tls }) => files.reload(tls),
    replaceTerms(next) {
      for (const listener of next.listeners) {
        if (listener.door === 'sftp') sftp.get(listener.name)?.setTerms(termsSettings(next.sftp, listener))
      }
    },
    close: async () => void (await Promise.all([...adapters.values()].map((adapter) => adapter.close()))),
  }
}
