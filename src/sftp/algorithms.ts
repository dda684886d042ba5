import type { Algorithms } from 'ssh2'

/**
 * What the door offers, best first. Left out on purpose: everything with SHA-1, group exchange (ssh2 offers but cannot
 * do it as a server), the NIST curves, and compression (it expands before anybody is logged in). Both names of
 * curve25519 and the plain MACs are for libraries that know no other.
 */
export const MODERN_ALGORITHMS: Algorithms = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group14-sha256',
  ],
  serverHostKey: ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'],
  cipher: [
    'chacha20-poly1305@openssh.com',
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes256-ctr',
    'aes128-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
}

/** Signatures that are taken from user keys, for clients that ask before they choose one (RFC 8308, section 3.1). */
export const USER_SIGNATURES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const

/** The part of the identification line after `SSH-2.0-`; it names neither product nor version. */
export const IDENT = 'sftp'
