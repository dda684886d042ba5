import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SshCipher } from '../../src/sftp/ciphers/ssh-cipher.ts'
import { SshDecipher } from '../../src/sftp/ciphers/ssh-decipher.ts'
import { generateHostKey } from '../../src/sftp/host-keys.ts'
import { useOwnCiphers } from '../../src/sftp/ssh-ciphers.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { native, needsNative } from '../helpers/native.ts'

/** Both directions' ciphers of a connection to a server of ssh2's, after a second key exchange. */
async function ciphersWith(cipher: string, ours: typeof native): Promise<object[]> {
  const { privateKey } = await generateHostKey('ed25519')
  const found = Promise.withResolvers<object[]>()
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
    const protocol = Reflect.get(client, '_protocol')
    useOwnCiphers(protocol, ours)
    client.on('authentication', (context) => context.accept())
    client.on('error', () => {})
    client.on('rekey', () => found.resolve([protocol._cipher, protocol._decipher]))
    client.once('ready', () => client.rekey())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const client = new ssh2.Client()
  client.on('error', found.reject)
  client.connect({
    ...{ host: '127.0.0.1', port, username: 'alice' },
    algorithms: { cipher: [cipher as 'aes128-gcm'] },
  })
  const ciphers = await found.promise
  client.end()
  server.close()
  return ciphers
}

for (const cipher of ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com']) {
  test(`${cipher}: ours come in place of ssh2's, after new keys too`, needsNative, async () => {
    const [outbound, inbound] = await ciphersWith(cipher, native)
    assert.ok(outbound instanceof SshCipher)
    assert.ok(inbound instanceof SshDecipher)
  })
}

test("no cipher of a connection is of ssh2's addon, whatever of ours is there", async () => {
  for (const cipher of ['aes256-ctr', 'aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'])
    for (const ours of [native, undefined])
      for (const made of await ciphersWith(cipher, ours))
        assert.match(made.constructor.name, /^(?:Ssh(?:C|Dec)ipher|Generic(?:C|Dec)ipherNative)$/)
})
