import type { Config, ListenerConfig } from '../config/schema.ts'
import type { Auditor } from '../core/audit/auditor.ts'
import type { Authenticator } from '../core/auth/login.ts'
import { FileServerError } from '../core/errors.ts'
import type { Clock, Logger } from '../core/ports.ts'
import { createFtpAdapter } from '../ftp/adapter.ts'
import type { FtpSettings, TlsMaterial } from '../ftp/settings.ts'
import type { Native } from '../native/native.ts'
import type { ProtocolAdapter } from '../server/adapter.ts'
import { createSftpAdapter, type SftpAdapter } from '../sftp/adapter.ts'
import { readHostKeys, readTlsMaterial } from './key-material.ts'
import type { FindHost } from './passive-address.ts'
import { ftpSettings, sftpSettings, termsSettings } from './settings.ts'

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
  /**
   * Reads certificates, client authorities, revocation lists and banners of the ftp listeners again: later connections
   * use them. Throws OperatorError, and then all of the old ones stay.
   */
  reloadFiles(config: Config): void
  /** Later SSH connections are offered what this configuration says. */
  replaceTerms(config: Config): void
  close(): Promise<void>
}

type ListenerFiles = Readonly<{ settings: FtpSettings; material: TlsMaterial }>

/** What the ftp listeners read from files, by the listener's name. */
function readFiles(config: Config, tls: Config['tls'], find: FindHost): ReadonlyMap<string, ListenerFiles> {
  const listeners = config.listeners.filter((listener) => listener.door === 'ftp')
  return new Map(
    listeners.map((listener) => [
      listener.name,
      {
        settings: ftpSettings(config, listener, find),
        material: readTlsMaterial({ ...config, tls }, listener),
      },
    ]),
  )
}

/** Reads only the keys that some listener needs. Throws OperatorError or the system's error for a key file. */
export function createDoors(config: Config, deps: DoorDeps): Doors {
  let files = readFiles(config, config.tls, deps.findHost)
  const adapters = new Map<string, ProtocolAdapter>()
  const sftp = new Map<string, SftpAdapter>()

  function make(listener: ListenerConfig): ProtocolAdapter {
    if (listener.door === 'sftp') {
      const hostKeys = readHostKeys(config, listener.hostKeys)
      const adapter = createSftpAdapter({ ...deps, settings: sftpSettings(config, listener), hostKeys })
      sftp.set(listener.name, adapter)
      return adapter
    }
    const current = () => {
      const found = files.get(listener.name)
      if (found === undefined) throw new FileServerError('internal', `listener ${listener.name} has no files`)
      return found
    }
    return createFtpAdapter({
      ...deps,
      get settings() {
        return current().settings
      },
      tls: () => current().material,
    })
  }

  return {
    of(listener) {
      const adapter = adapters.get(listener.name) ?? make(listener)
      adapters.set(listener.name, adapter)
      return adapter
    },
    reloadFiles(next) {
      // The listeners themselves stay as they were started; what their files hold is new.
      files = readFiles(config, next.tls, deps.findHost)
    },
    replaceTerms(next) {
      for (const listener of next.listeners) {
        if (listener.door === 'sftp') sftp.get(listener.name)?.setTerms(termsSettings(next.sftp, listener))
      }
    },
    close: async () => void (await Promise.all([...adapters.values()].map((adapter) => adapter.close()))),
  }
}
