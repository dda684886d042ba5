import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readTlsMaterial } from '../../src/app/key-material.ts'
import { OperatorError } from '../../src/cli/failure.ts'
import { makeCertificates } from '../../src/cli/setup/certificate.ts'
import type { Config } from '../../src/config/schema.ts'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-keys-'))
after(() => rm(folder, { recursive: true }))
const { certificate, authority, key } = await makeCertificates(
  { hosts: ['localhost'], addresses: [] },
  Date.now(),
)

const LISTENER = {
  hosts: [],
  certificateFile: null,
  keyFile: null,
  clientCertificates: 'off',
} as unknown as Parameters<typeof readTlsMaterial>[1]

async function config(chain: string): Promise<Config> {
  const tls = {
    certificateFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    minVersion: 'TLSv1.2',
  }
  await writeFile(tls.certificateFile, chain)
  await writeFile(tls.keyFile, key, { mode: 0o600 })
  return { tls } as Config
}

test('a certificate with its chain is taken', async () => {
  assert.equal(readTlsMaterial(await config(`${certificate}${authority}`), LISTENER).key, key)
})

test('a chain that breaks off behind the certificate is refused before any handshake meets it', async () => {
  const broken = `${certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`
  const chain = await config(broken)
  assert.throws(() => readTlsMaterial(chain, LISTENER), OperatorError)
})
