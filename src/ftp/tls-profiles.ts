import type { SecureVersion } from 'node:tls'
import type { FtpSettings } from './settings.ts'

/** AEAD with forward secrecy only; AES-128-GCM first, it costs least where the CPU has AES. */
const MODERN = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
]
/** What devices of 2005 to 2015 have in common. Still nothing without encryption or with a broken cipher. */
const LEGACY = [
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA256',
  'AES128-SHA',
  'AES256-SHA',
  // TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL allows at this level only.
  '@SECLEVEL=0',
]

export type TlsProfile = Readonly<{ minVersion: SecureVersion; ciphers: string }>

export function modernProfile({ minTlsVersion }: FtpSettings): TlsProfile {
  return { minVersion: minTlsVersion, ciphers: MODERN.join(':') }
}

/** For the listener that has a dated exception; the modern suites stay in front. */
export const LEGACY_PROFILE: TlsProfile = { minVersion: 'TLSv1', ciphers: [...MODERN, ...LEGACY].join(':') }
