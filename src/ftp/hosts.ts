import type { Origin } from '../core/identity.ts'
import type { FtpSettings } from './settings.ts'

/** The same connection by another of the listener's names; undefined = by none. */
export function withHost(origin: Origin, host: string | undefined): Origin {
  const { host: _, ...rest } = origin
  return host === undefined ? rest : { ...rest, host }
}

export function greetingOf({ hosts, greeting }: FtpSettings, host: string | undefined): readonly string[] {
  return (host === undefined ? undefined : hosts.get(host)) ?? greeting
}

/** RFC 7151 section 3: a name of the listener, and the one that TLS chose if it chose one. */
export function mayChoose({ hosts }: FtpSettings, byTls: string | undefined, name: string): boolean {
  return hosts.has(name) && (byTls === undefined || byTls === name)
}
