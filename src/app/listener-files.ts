import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/schema.ts'
import { FileServerError } from '../core/errors.ts'
import type { FtpSettings, TlsIdentity, TlsMaterial } from '../ftp/settings.ts'
import { readTlsMaterial } from './key-material.ts'
import type { FindHost } from './passive-address.ts'
import { type FtpListener, ftpSettings } from './settings.ts'

export type ReloadedFiles = Readonly<{
  /** Each an OperatorError, or the system's error for an unreadable file. */
  problems: readonly unknown[]
  /** Listeners whose files hold something else now. */
  renewed: readonly string[]
  /** The files of `tls` are what listeners now show. */
  tlsInUse: boolean
}>

/** What a listener's files hold: texts, in its settings, and certificates. */
type Files = Readonly<{ settings: FtpSettings; material: TlsMaterial }>

/** Of all ftp listeners. */
export type ListenerFiles = {
  of(listener: FtpListener): Files
  /**
   * Reads them again, the listeners themselves as they were started. A listener's texts, where one cannot be used, stay as
   * they were, and so do its certificates and lists; the rest is taken over.
   */
  reload(tls: Config['tls']): ReloadedFiles
}

/** What was read from files, to be compared. */
function readFrom({ settings, material }: Files): unknown {
  const { greeting, welcome, goodbye, hosts } = settings
  const pair = ({ certificate, key }: TlsIdentity) => [certificate, key]
  const named = [...(material.hosts ?? [])].map(([name, identity]) => [name, ...pair(identity)])
  return { greeting, welcome, goodbye, hosts, pair: pair(material), named, clients: material.clients }
}

/** Undefined with what is in the way in `problems`, where a file that several listeners share has one place. */
function attempt<T>(problems: Map<string, unknown>, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    problems.set(String(error), error)
    return undefined
  }
}

/** Throws OperatorError or the system's error for a file that cannot be used. */
export function readListenerFiles(config: Config, find: FindHost): ListenerFiles {
  const listeners = config.listeners.filter((listener) => listener.door === 'ftp')
  const textsOf = (listener: FtpListener) => ftpSettings(config, listener, find)
  const files = new Map<string, Files>()
  for (const listener of listeners) {
    files.set(listener.name, { settings: textsOf(listener), material: readTlsMaterial(config, listener) })
  }
  const of = ({ name }: FtpListener): Files => {
    const found = files.get(name)
    if (found === undefined) throw new FileServerError('internal', `listener ${name} has no files`)
    return found
  }
  return {
    of,
    reload(tls) {
      const problems = new Map<string, unknown>()
      const renewed: string[] = []
      let tlsInUse = true
      for (const listener of listeners) {
        const before = of(listener)
        const settings = attempt(problems, () => textsOf(listener))
        const material = attempt(problems, () => readTlsMaterial({ ...config, tls }, listener))
        const now = { settings: settings ?? before.settings, material: material ?? before.material }
        files.set(listener.name, now)
        if (!isDeepStrictEqual(readFrom(before), readFrom(now))) renewed.push(listener.name)
        if (material === undefined && listener.certificateFile === null) tlsInUse = false
      }
      return { problems: [...problems.values()], renewed, tlsInUse }
    },
  }
}
