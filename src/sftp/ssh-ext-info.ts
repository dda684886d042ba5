import type { Connection as SshClient } from 'ssh2'
import { byte, string, uint32 } from './codec.ts'
import { sendMessage } from './ssh-message.ts'

const EXT_INFO = 7

/**
 * RFC 8308, section 2.4: the next message after the server's first NEWKEYS. ssh2's own list of signatures lacks a
 * comma, so that two of its names are none, and it names SHA-1 and DSA; ssh-kex.ts keeps it from being sent.
 */
export function tellSignatures(client: SshClient, signatures: readonly string[]): void {
  sendMessage(client, byte(EXT_INFO), uint32(1), string('server-sig-algs'), string(signatures.join(',')))
}
