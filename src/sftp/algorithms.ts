/** Names as SSH_MSG_KEXINIT and server-sig-algs list them, the preferred first. docs/ssh-algorithms.md shows them all. */
export type AlgorithmLists = Readonly<{
  kex: readonly string[]
  /** Signatures of the server's host keys; those without a key are not offered. */
  hostKey: readonly string[]
  cipher: readonly string[]
  mac: readonly string[]
  /** Signatures that are taken from keys of users (RFC 8308, section 3.1). */
  signature: readonly string[]
}>

/** ML-KEM-768 and X25519 together (draft-ietf-sshm-mlkem-hybrid-kex). */
export const HYBRID_KEX = 'mlkem768x25519-sha256'

const MODERN: AlgorithmLists = {
  kex: [
    HYBRID_KEX,
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
  ],
  hostKey: ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'],
  cipher: [
    'chacha20-poly1305@openssh.com',
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes256-ctr',
    'aes128-ctr',
  ],
  mac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
  signature: [
    'ssh-ed25519',
    'sk-ssh-ed25519@openssh.com',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'sk-ecdsa-sha2-nistp256@openssh.com',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
}

/** What a list has more than `modern`: behind its names, so that who knows better takes better. */
export type Additions = Readonly<Partial<AlgorithmLists> & { minRsaBits?: number }>

const PLAIN_MACS = ['hmac-sha2-256', 'hmac-sha2-512']
const COMPATIBLE: Additions = {
  kex: ['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521', 'diffie-hellman-group14-sha256'],
  mac: PLAIN_MACS,
}

/** The profiles of the configuration. Left out of both: SHA-1, group exchange, CBC, and compression before a login. */
export const PROFILES = { modern: {}, compatible: COMPATIBLE } as const satisfies Record<string, Additions>
export type ProfileName = keyof typeof PROFILES

/** What a dated exception may allow. */
export const EXCEPTIONS = {
  compatible: COMPATIBLE,
  'ssh-rsa-host-key': { hostKey: ['ssh-rsa'] },
  'ssh-rsa-signature': { signature: ['ssh-rsa'] },
  'rsa-2048': { minRsaBits: 2048 },
  'dh-group14-sha1': { kex: ['diffie-hellman-group14-sha1'] },
  'aes-cbc': { cipher: ['aes256-cbc', 'aes128-cbc'] },
  'hmac-sha1': { mac: ['hmac-sha1-etm@openssh.com', 'hmac-sha1'] },
} as const satisfies Record<string, Additions>
export type ExceptionName = keyof typeof EXCEPTIONS

/**
 * What a client needs that says what it is (RFC 4253, section 4.2): libssh2 before 1.11, which is in the curl of many
 * systems, knows no cipher with a MAC of its own and no other MACs. Nobody can put these words into a client's mouth:
 * they are part of what the host key signs.
 */
export const CLIENT_NEEDS: readonly (readonly [RegExp, Additions])[] = [
  [/^libssh2_(0|1\.([0-9]|10))(\.|$)/, { mac: PLAIN_MACS }],
]

function together(base: readonly string[], more: readonly string[] | undefined): readonly string[] {
  return more === undefined ? base : [...new Set([...base, ...more])]
}

/** `modern` with everything that is added to it. */
export function listsWith(additions: readonly Additions[]): AlgorithmLists {
  return additions.reduce<AlgorithmLists>(
    (lists, more) => ({
      kex: together(lists.kex, more.kex),
      hostKey: together(lists.hostKey, more.hostKey),
      cipher: together(lists.cipher, more.cipher),
      mac: together(lists.mac, more.mac),
      signature: together(lists.signature, more.signature),
    }),
    MODERN,
  )
}
