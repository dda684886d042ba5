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
import { type FtpListener, ftpSettings, sftpSettings, termsSettings } from './settings.ts'

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
   * use them. A listener's banners, where one cannot be used, stay as they were, and so do its certificates and lists; the
   * rest is taken over.
   */
  reloadFiles(config: Config): ReloadedFiles
  /** Later SSH connections are offered what this configuration says. */
  replaceTerms(config: Config): void
  close(): Promise<void>
}

/** OperatorError, or the system's error for an unreadable file. `tlsInUse`: the files of `tls` are what listeners now show. */
export type ReloadedFiles = Readonly<{ problems: readonly unknown[]; tlsInUse: boolean }>

type ListenerFiles = Readonly<{ settings: FtpSettings; material: TlsMaterial }>

/** Undefined with what is in the way in `problems`, where a file that several listeners share has one place. */
function attempt<T>(problems: Map<string, unknown>, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    problems.set(String(error), error)
    return undefined
  }
}

/** Reads only the keys that some listener needs. Throws OperatorError or the system's error for a key file. */
export function createDoors(config: Config, deps: DoorDeps): Doors {
  const ftpListeners = config.listeners.filter((listener) => listener.door === 'ftp')
  const settingsOf = (listener: FtpListener) => ftpSettings(config, listener, deps.findHost)
  const files = new Map<string, ListenerFiles>()
  for (const listener of ftpListeners) {
    files.set(listener.name, { settings: settingsOf(listener), material: readTlsMaterial(config, listener) })
  }
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
        return filesOf(listener).settings
      },
      tls: () => filesOf(listener).material,
    })
  }

  function filesOf({ name }: FtpListener): ListenerFiles {
    const found = files.get(name)
    if (found === undefined) throw new FileServerError('internal', `listener ${name} has no files`)
    return found
  }

  return {
    of(listener) {
      const adapter = adapters.get(listener.name) ?? make(listener)
      adapters.set(listener.name, adapter)
      return adapter
    },
    reloadFiles({ tls }) {
      const problems = new Map<string, unknown>()
      let tlsInUse = true
      // The listeners themselves stay as they were started; what their files hold is new.
      for (const listener of ftpListeners) {
        const before = filesOf(listener)
        const settings = attempt(problems, () => settingsOf(listener))
        const material = attempt(problems, () => readTlsMaterial({ ...config, tls }, listener))
        files.set(listener.name, {
          settings: settings ?? before.settings,
          material: material ?? before.material,
        })
        if (material === undefined && listener.certificateFile === null) tlsInUse = false
      }
      return { problems: [...problems.values()], tlsInUse }
    },
    replaceTerms(next) {
      for (const listener of next.listeners) {
        if (listener.door === 'sftp') sftp.get(listener.name)?.setTerms(termsSettings(next.sftp, listener))
      }
    },
    close: async () => void (await Promise.all([...adapters.values()].map((adapter) => adapter.close()))),
  }
}
