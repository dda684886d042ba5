import { relative } from 'node:path'
import type { BoundListener } from '../services.ts'
import type { FirstStart } from '../setup/first-start.ts'
import type { Terminal } from '../terminal.ts'
import { formatTable } from './table.ts'

const FTP_SPEECH = { explicit: 'FTP with TLS (AUTH TLS)', implicit: 'FTPS, TLS from the first byte' } as const

export function printListeners(listeners: readonly BoundListener[], terminal: Terminal): void {
  const rows = listeners.map((listener) => [
    listener.name,
    `${listener.address}:${listener.port}`,
    speech(listener) + (listener.cleartext ? ', cleartext for users with an exception' : ''),
  ])
  for (const line of formatTable(['LISTENER', 'ADDRESS', 'SPEAKS'], rows)) terminal.out(line)
}

function speech(listener: BoundListener): string {
  return listener.tls === undefined ? 'SFTP' : FTP_SPEECH[listener.tls]
}

/** One line per door that works as it stands from the folder this command runs in. */
export function printDoors(listeners: readonly BoundListener[], made: FirstStart, terminal: Terminal): void {
  terminal.out('')
  terminal.out('Try it from another terminal, in this folder:')
  for (const listener of listeners) terminal.out(`  ${commandFor(listener, made)}`)
  terminal.out(
    'curl asks for a password: type the password and, right behind it, the code that the app shows.',
  )
  terminal.out(
    'sftp asks for the password, then for the code. Each code works once: wait for the next one between logins.',
  )
  terminal.out('')
}

function commandFor(listener: BoundListener, { user, authorityFile }: FirstStart): string {
  if (listener.tls === undefined) return `sftp -P ${listener.port} ${user}@localhost`
  const trust = `--cacert ${relative('.', authorityFile)}`
  const [flags, scheme] = listener.tls === 'explicit' ? [`--ssl-reqd ${trust}`, 'ftp'] : [trust, 'ftps']
  return `curl ${flags} --user ${user} ${scheme}://localhost:${listener.port}/`
}
