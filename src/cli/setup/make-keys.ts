import { dirname, join, relative, sep } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { OperatorError } from '../failure.ts'
import type { AppServices } from '../services.ts'
import { exists, makePrivateFolder, PRIVATE_FILE, PUBLIC_FILE, writeNew } from './files.ts'
import { localNames } from './host-names.ts'

const HOST_KEY_KINDS = ['ed25519', 'rsa'] as const

export type MadeKeys = Readonly<{
  /** What clients are given so that they trust the server; it need not be ours. */
  authorityFile: string
  /** Paths of new files, in the order made. */
  made: readonly string[]
}>

type Write = (path: string, content: string | Uint8Array, mode: number) => Promise<void>

/** Makes the keys and certificates that are missing and leaves alone what is there. */
export async function makeKeys(config: Config, services: AppServices): Promise<MadeKeys> {
  const made: string[] = []
  const write: Write = async (path, content, mode) => {
    if (isInside(config.server.baseDir, dirname(path))) await makePrivateFolder(dirname(path))
    await writeNew(path, content, mode)
    made.push(path)
  }
  const secretsKey = config.users.secretsKeyFile
  if (!(await exists(secretsKey))) await write(secretsKey, services.makeSecretsKey(), PRIVATE_FILE)
  await makeHostKeys(config.keys.hostKeys, services, write)
  const authorityFile = join(dirname(config.tls.certificateFile), 'ca.crt')
  if (await certificateMissing(config, authorityFile)) {
    // Loaded when needed: it is a quarter of the time that any verb takes to start.
    const { makeCertificates } = await import('./certificate.ts')
    const set = await makeCertificates(localNames(), Date.now())
    await write(config.tls.keyFile, set.key, PRIVATE_FILE)
    await write(authorityFile, set.authority, PUBLIC_FILE)
    await write(config.tls.certificateFile, set.certificate, PUBLIC_FILE)
  }
  return { authorityFile, made }
}

/** The first file gets the first kind of key, and so on. A file beyond the kinds is the operator's to bring. */
async function makeHostKeys(files: readonly string[], services: AppServices, write: Write): Promise<void> {
  for (const [index, file] of files.entries()) {
    const kind = HOST_KEY_KINDS[index]
    if (kind === undefined || (await exists(file))) continue
    const key = await services.makeHostKey(kind)
    await write(file, key.privateKey, PRIVATE_FILE)
    if (!(await exists(`${file}.pub`))) await write(`${file}.pub`, key.publicKey, PUBLIC_FILE)
  }
}

/** A certificate without its key, or the other way round, cannot be completed: nobody can tell which one is wanted. */
async function certificateMissing({ tls }: Config, authorityFile: string): Promise<boolean> {
  const { certificateFile, keyFile } = tls
  const [hasCertificate, hasKey] = [await exists(certificateFile), await exists(keyFile)]
  if (hasCertificate && hasKey) return false
  const there = [
    ...(hasCertificate ? [certificateFile] : []),
    ...(hasKey ? [keyFile] : []),
    ...((await exists(authorityFile)) ? [authorityFile] : []),
  ]
  if (there.length === 0) return true
  const missing = [...(hasCertificate ? [] : [certificateFile]), ...(hasKey ? [] : [keyFile])]
  throw new OperatorError(
    `There is ${there.join(' and ')}, but no ${missing.join(' and no ')}.`,
    'Put back what is missing; or move the rest away, and a new certificate is made at the next start.',
  )
}

/** Only folders below the base are ours to close: a key may also be wanted in a folder that others need. */
function isInside(base: string, folder: string): boolean {
  const path = relative(base, folder)
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`)
}
