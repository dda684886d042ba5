import { relative } from 'node:path'
import type { BoundListener, HostKey } from '../services.ts'
import type { FirstStart } from '../setup/first-start.ts'
import type { Terminal } from '../terminal.ts'
import { placeOf } from './place.ts'
import { formatTable } from './table.ts'

const FTP_SPEECH = { explicit: 'FTP with TLS (AUTH TLS)', implicit: 'FTPS, TLS from the first byte' } as const

export function printListeners(listeners: readonly BoundListener[], terminal: Terminal): void {
  const rows = listeners.map((listener) => [
    listener.name,
    placeOf(listener),
    speech(listener) + (listener.cleartext ? ', cleartext for users with an exception' : ''),
  ])
  for (const line of formatTable(['LISTENER', 'ADDRESS', 'SPEAKS'], rows)) terminal.out(line)
}

function speech(listener: BoundListener): string {
  return listener.tls === undefined ? 'SFTP' : FTP_SPEECH[listener.tls]
}

export type Invitation = FirstStart &
  Readonly<{ listeners: readonly BoundListener[]; hostKeys: readonly HostKey[] }>

/** One line per door that works as it stands from the folder this command runs in. */
export function printDoors(
  { user, authorityFile, listeners, hostKeys }: Invitation,
  terminal: Terminal,
): void {
  const trust = `--cacert ${relative('.', authorityFile)}`
  const lines = [
    '',
    'Try it from another terminal, in this folder:',
    ...listeners.map((listener) => `  ${commandFor(listener, user, trust)}`),
    'curl asks for a password: type the password and, right behind it, the code that the app shows.',
    'sftp asks for the password, then for the code. It asks first whether it knows the server; the answer is yes when it shows',
    ...hostKeys.map((key) => `  ${key.fingerprint} (${key.algorithm})`),
    'Each code works once: wait for the next one between two logins.',
    '',
  ]
  for (const line of lines) terminal.out(line)
}

function commandFor({ tls, port }: BoundListener, user: string, trust: string): string {
  if (tls === undefined) return `sftp -P ${port} ${user}@localhost`
  const [flags, scheme] = tls === 'explicit' ? [`--ssl-reqd ${trust}`, 'ftp'] : [trust, 'ftps']
  return `curl ${flags} --user ${user} ${scheme}://localhost:${port}/`
}
