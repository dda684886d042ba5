// OpenSSH's PROTOCOL, section 2.5: hostkeys-00@openssh.com and hostkeys-prove-00@openssh.com.
import type { Connection as SshClient } from 'ssh2'
import { byte, createBodyReader, fieldsToBuffer, string } from './codec.ts'
import type { HostKey } from './host-keys.ts'
import { sendMessage } from './ssh-message.ts'
import { onGlobalRequest, sessionIdOf } from './ssh-requests.ts'

const GLOBAL_REQUEST = 80
const ANNOUNCE = 'hostkeys-00@openssh.com'
const PROVE = 'hostkeys-prove-00@openssh.com'
const NO_REPLY = 0

/** What an RSA key signs with where the key exchange does not say. */
const RSA_SIGNATURE = 'rsa-sha2-512'

/**
 * Makes all host keys known to a client when it has logged in, and proves once that they are ours, so that it can take
 * over new ones before the old ones go. To be called before the first key exchange.
 */
export function offerHostKeys(client: SshClient, keys: readonly HostKey[]): void {
  let agreed = ''
  let proven = false
  client.on('handshake', ({ serverHostKey }) => {
    agreed = serverHostKey
  })
  client.once('ready', () => {
    const blobs = keys.map(({ blob }) => string(blob))
    sendMessage(client, byte(GLOBAL_REQUEST), string(ANNOUNCE), byte(NO_REPLY), ...blobs)
  })
  onGlobalRequest(client, PROVE, (data) => {
    // Signing costs: clients ask once, and only users may.
    if (proven || Reflect.get(client, 'authenticated') !== true) return undefined
    proven = true
    const asked = keysIn(data, keys)
    if (asked === undefined) return undefined
    const session = string(sessionIdOf(client))
    const signatures = asked.map((key) => {
      const signature = signatureFor(key, agreed)
      return string(key.sign(fieldsToBuffer(string(PROVE), session, string(key.blob)), signature))
    })
    return fieldsToBuffer(...signatures)
  })
}

/** Clients check an RSA key's proof with the name that the key exchange agreed on, if that was one for RSA. */
function signatureFor({ algorithm }: HostKey, agreed: string): string {
  if (algorithm !== 'ssh-rsa') return algorithm
  return agreed.startsWith('rsa-sha2-') ? agreed : RSA_SIGNATURE
}

/** The keys asked for, in order and each once; undefined for one that is not ours, and for a broken request. */
function keysIn(data: Buffer, keys: readonly HostKey[]): readonly HostKey[] | undefined {
  const body = createBodyReader(data)
  const asked: HostKey[] = []
  try {
    while (body.remaining > 0) {
      const blob = body.string()
      const key = keys.find((one) => one.blob.equals(blob))
      if (key === undefined || asked.includes(key)) return undefined
      asked.push(key)
    }
  } catch {
    return undefined
  }
  return asked.length === 0 ? undefined : asked
}
