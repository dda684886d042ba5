import type { Door } from '../../src/core/identity.ts'
import type { Client as SystemClient } from '../helpers/clients.ts'
import type { FixtureInfo } from '../helpers/fixture.ts'

/** The fixture's listeners by name: cleartext FTP, explicit FTPS, implicit FTPS, SFTP. */
export type Listener = 'ftp' | 'ftpes' | 'ftps' | 'sftp'

export const FTP_LISTENERS = ['ftp', 'ftpes', 'ftps'] as const satisfies readonly Listener[]

export const LISTENER_TITLES: Readonly<Record<Listener, string>> = {
  ftp: 'cleartext FTP',
  ftpes: 'explicit FTPS',
  ftps: 'implicit FTPS',
  sftp: 'SFTP',
}

/** Files of a mirror. A client walks the same way over each door of FTP, and files cost seconds: many over one will do. */
const MANY = 2000
const FEW = 200

/** What the audit calls the door of a login there. */
export const DOOR_OF: Readonly<Record<Listener, Door>> = {
  ftp: 'ftp',
  ftpes: 'ftps',
  ftps: 'ftps',
  sftp: 'sftp',
}

/**
 * How the proof of identity travels.
 * - `password`: the password alone
 * - `key`: an SSH key alone
 * - `acct`: the password, then `ACCT code` after the 332
 * - `appended`: the code stands at the end of the password
 * - `prompt`: keyboard-interactive asks for the password, then for the code
 * - `key-prompt`: an SSH key, then keyboard-interactive asks for the code
 * - `key-password`: an SSH key, then the password
 * - `cert-password`: a TLS client certificate, then the password
 */
export type Form =
  | 'password'
  | 'key'
  | 'acct'
  | 'appended'
  | 'prompt'
  | 'key-prompt'
  | 'key-password'
  | 'cert-password'

export type Target = Readonly<{
  listener: Listener
  info: FixtureInfo
  port: number
  form: Form
  user: string
  password: string
  /** Path of the private key, for the forms with a key. */
  key: string
  /** Paths of the TLS client certificate and its key, for `cert-password`. */
  certificate: string
  certificateKey: string
  code: string
  /** An empty folder for the client's own settings. */
  home: string
}>

/** One thing to do; local paths are absolute, remote paths too. */
export type Step =
  | Readonly<{ do: 'upload'; local: string; remote: string }>
  | Readonly<{ do: 'download'; local: string; remote: string }>
  | Readonly<{ do: 'resume-upload'; local: string; remote: string; offset: number }>
  | Readonly<{ do: 'resume-download'; local: string; remote: string; offset: number }>
  /** The copies are `remote` itself and `local` itself: the base names are always equal. */
  | Readonly<{ do: 'upload-tree'; local: string; remote: string }>
  | Readonly<{ do: 'download-tree'; local: string; remote: string }>
  | Readonly<{ do: 'list'; remote: string }>
  /** The output has the SHA-256 of the file in hex, as the server says it. */
  | Readonly<{ do: 'checksum'; remote: string }>
  | Readonly<{ do: 'rename'; from: string; to: string }>
  | Readonly<{ do: 'remove'; remote: string }>
  | Readonly<{ do: 'mkdir'; remote: string }>
  | Readonly<{ do: 'rmdir'; remote: string }>

export type StepName = Step['do']

export type MfaLogin = Readonly<{
  listener: Listener
  user: 'mfa' | 'mfakey' | 'keypass' | 'certpass'
  form: Form
}>

/** One client program. `perform` throws when the client reports a failure, and gives what it printed. */
export type Driver = Readonly<{
  name: string
  needs: readonly SystemClient[]
  listeners: readonly Listener[]
  /** Where its mirrors have MANY files; over the other doors of FTP they have FEW. Each door has several clients. */
  manyOver?: Listener
  /** Why the client does not come to a listener of its protocol. */
  absent?: Readonly<Partial<Record<Listener, string>>>
  /** What the client can't do by itself, with the reason; the scenario is then not made for it. */
  cannot: Readonly<Partial<Record<StepName, string | Readonly<Partial<Record<Listener, string>>>>>>
  /** Listeners over which the client itself breaks the upload of an empty file. */
  breaksEmptyUploads?: readonly Listener[]
  /** Whether the client can be told to log in with an SSH key. */
  keys: boolean
  mfa: readonly MfaLogin[]
  perform(target: Target, step: Step): Promise<string>
}>

export function filesOfMirror({ manyOver }: Driver, listener: Listener): number {
  return manyOver === listener ? MANY : FEW
}

/** Why the client does not do the step there; undefined: it does. */
export function hindrance(
  { absent, cannot }: Driver,
  listener: Listener,
  step: StepName,
): string | undefined {
  const reason = cannot[step]
  return absent?.[listener] ?? (typeof reason === 'string' ? reason : reason?.[listener])
}

/** The same reason for several steps. */
export function cannotAll(reason: string, steps: readonly StepName[]): Driver['cannot'] {
  return Object.fromEntries(steps.map((step) => [step, reason]))
}

/** The password as the form wants it on the wire. */
export function secretOf(target: Target): string {
  return target.form === 'appended' ? `${target.password}${target.code}` : target.password
}

/** A path for a URL, each part escaped. */
export function urlPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

export function unsupported(name: string, step: Step): never {
  throw new Error(`${name} has no way to ${step.do}`)
}
