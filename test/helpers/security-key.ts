// A security key in software, after OpenSSH's PROTOCOL.u2f and written apart from the server's code.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { sshString } from './ssh-auth-client.ts'

export type SecurityKeyKind = 'sk-ssh-ed25519@openssh.com' | 'sk-ecdsa-sha2-nistp256@openssh.com'

export const TOUCHED = 0x01
export const VERIFIED = 0x04

export type SecurityKey = Readonly<{
  kind: SecurityKeyKind
  blob: Buffer
  line: string
  /** A whole signature. The counter goes up by one each time. */
  sign(data: Buffer, flags: number): Buffer
}>

const sha256 = (bytes: string | Buffer): Buffer => createHash('sha256').update(bytes).digest()

/** A positive number as the SSH protocol writes it. */
function mpint(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0)
  const short = bytes.subarray(start)
  return sshString((short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), short]) : short)
}

function publicFields(kind: SecurityKeyKind, key: KeyObject): Buffer[] {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const [first, second] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  if (kind === 'sk-ssh-ed25519@openssh.com') return [sshString(first)]
  return [sshString('nistp256'), sshString(Buffer.concat([Buffer.from([4]), first, second]))]
}

export function makeSecurityKey(kind: SecurityKeyKind, application = 'ssh:'): SecurityKey {
  const edwards = kind === 'sk-ssh-ed25519@openssh.com'
  const pair = edwards ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const fields = publicFields(kind, pair.publicKey)
  const blob = Buffer.concat([sshString(kind), ...fields, sshString(application)])
  let counter = 0
  return {
    kind,
    blob,
    line: `${kind} ${blob.toString('base64')} token`,
    sign(data, flags) {
      counter += 1
      const count = Buffer.alloc(4)
      count.writeUInt32BE(counter)
      const assertion = Buffer.concat([Buffer.from([flags]), count])
      const message = Buffer.concat([sha256(application), assertion, sha256(data)])
      if (edwards) {
        const raw = sign(null, message, pair.privateKey)
        return Buffer.concat([sshString(kind), sshString(raw), assertion])
      }
      const raw = sign('sha256', message, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
      const numbers = Buffer.concat([mpint(raw.subarray(0, 32)), mpint(raw.subarray(32))])
      return Buffer.concat([sshString(kind), sshString(numbers), assertion])
    },
  }
}
