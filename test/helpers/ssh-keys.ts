import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fingerprintOf } from '../../src/sftp/key-blob.ts'
import { succeed } from './child.ts'

/** A key pair in files, as ssh-keygen makes it. */
export type KeyFiles = Readonly<{ file: string; line: string; fingerprint: string }>

export type CertificateOptions = Readonly<{
  key: KeyFiles
  /** More words for ssh-keygen, such as -n, -V, -z, -O. */
  args: readonly string[]
  id?: string
}>

export type KeyBench = Readonly<{
  dir: string
  make(name: string, kind: string, bits?: number): Promise<KeyFiles>
  /** Signs the key's public part; the file of the certificate. */
  certify(authority: KeyFiles, options: CertificateOptions): Promise<string>
  /** Signs a public key that stands in no file; the certificate as it goes over the wire. */
  certifyLine(authority: KeyFiles, line: string, args: readonly string[]): Promise<Buffer>
  /** Runs ssh-keygen with other words. */
  keygen(...args: string[]): Promise<void>
}>

export function blobOf(line: string): Buffer {
  return Buffer.from(line.split(' ')[1] ?? '', 'base64')
}

/** A folder for keys and certificates that ssh-keygen makes; it goes with the process. */
export function keyBench(): KeyBench {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-keys-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const home = join(dir, 'home')
  const keygen = async (...args: string[]): Promise<void> =>
    void (await succeed('ssh-keygen', args, { home }))
  let certificates = 0
  const sign = async (authority: KeyFiles, line: string, args: readonly string[]): Promise<string> => {
    certificates += 1
    const copy = join(dir, `certified-${certificates}.pub`)
    writeFileSync(copy, `${line}\n`)
    await keygen('-q', '-s', authority.file, ...args, copy)
    return copy.replace(/\.pub$/, '-cert.pub')
  }
  return {
    dir,
    keygen,
    async make(name, kind, bits) {
      const file = join(dir, name)
      const size = bits === undefined ? [] : ['-b', String(bits)]
      await keygen('-q', '-t', kind, ...size, '-N', '', '-C', name, '-f', file)
      const line = readFileSync(`${file}.pub`, 'utf8').trim()
      return { file, line, fingerprint: fingerprintOf(blobOf(line)) }
    },
    certify: (authority, { key, args, id = 'the id' }) => sign(authority, key.line, ['-I', id, ...args]),
    async certifyLine(authority, line, args) {
      const file = await sign(authority, line, ['-I', 'the id', ...args])
      return blobOf(readFileSync(file, 'utf8'))
    },
  }
}
