import { hostname, networkInterfaces } from 'node:os'
import type { ServerNames } from './certificate.ts'

/** What clients on this machine and its networks may call it: the names and addresses a first certificate covers. */
export function localNames(): ServerNames {
  const addresses = Object.values(networkInterfaces())
    .flatMap((rows) => rows ?? [])
    .filter((row) => !row.internal && !isLinkLocal(row.address))
    .map((row) => row.address)
  return {
    hosts: unique(['localhost', hostname().toLowerCase()].filter(isHostName)),
    addresses: unique(['127.0.0.1', '::1', ...addresses]),
  }
}

/** A link-local address means another machine on every link; it needs a zone, which a certificate cannot name. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address) || address.startsWith('169.254.')
}

function isHostName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
