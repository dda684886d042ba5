import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Algorithms } from 'ssh2'
import { connect } from '../helpers/sftp-raw-client.ts'
import { startSftp } from '../helpers/sftp-server.ts'

const outcome = async (port: number, algorithms: Algorithms): Promise<string> => {
  try {
    const client = await connect(port, { algorithms })
    client.end()
    return 'in'
  } catch (error) {
    return String(error)
  }
}

test('what is weak is not there: SHA-1, group exchange, NIST curves, compression', async () => {
  const server = await startSftp()
  const weak: Algorithms[] = [
    { serverHostKey: ['ssh-rsa'] },
    { kex: ['diffie-hellman-group14-sha1'] },
    { kex: ['diffie-hellman-group-exchange-sha256'] },
    { kex: ['ecdh-sha2-nistp256'] },
    { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] },
    { cipher: ['aes128-cbc'] },
    { compress: ['zlib@openssh.com'] },
  ]
  for (const algorithms of weak)
    assert.match(await outcome(server.port, algorithms), /no matching/, JSON.stringify(algorithms))
  const good: Algorithms[] = [
    { serverHostKey: ['rsa-sha2-512'] },
    { serverHostKey: ['ssh-ed25519'], cipher: ['chacha20-poly1305@openssh.com'] },
    { kex: ['curve25519-sha256@libssh.org'], cipher: ['aes256-ctr'], hmac: ['hmac-sha2-512'] },
    { kex: ['diffie-hellman-group14-sha256'], cipher: ['aes256-gcm@openssh.com'] },
  ]
  for (const algorithms of good)
    assert.equal(await outcome(server.port, algorithms), 'in', JSON.stringify(algorithms))
  await server.close()
})
