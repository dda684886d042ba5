import { createHash } from 'node:crypto'
import { ssh2 } from '../../src/sftp/ssh2.ts'

export type HostKeyType = 'ssh-ed25519' | 'rsa-sha2-512'

/** SHA-256 of the key the server shows, in unpadded base64, as clients that pin a key want it. */
export function hostKeyHash(port: number, type: HostKeyType): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    let hash: string | undefined
    client.on('error', (error) => {
      if (hash === undefined) reject(error)
      else resolve(hash)
    })
    client.on('close', () => (hash === undefined ? reject(new Error('no host key')) : resolve(hash)))
    client.connect({
      host: '127.0.0.1',
      port,
      username: 'nobody',
      algorithms: { serverHostKey: [type] },
      hostVerifier: (key: Buffer) => {
        hash = createHash('sha256').update(key).digest('base64').replaceAll('=', '')
        return false
      },
    })
  })
}
