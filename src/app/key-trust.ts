import { OperatorError } from '../cli/failure.ts'
import { readKeyBytes, readKeyText } from '../config/key-files.ts'
import type { Config } from '../config/schema.ts'
import type { KeyTrust } from '../core/auth/key-rules.ts'
import { isKrl, readKrl } from '../sftp/krl.ts'
import { isRevokedBy, type Revocations, readRevocationText } from '../sftp/revoked-keys.ts'
import { parsePublicKey } from '../users/public-key.ts'

type ListenerTrust = Readonly<{ authorities: ReadonlySet<string>; revocations: readonly Revocations[] }>

/** What sftp listeners trust, read from their files. */
export type LiveKeyTrust = KeyTrust & {
  /** Reads the same files again. Throws OperatorError, or the system's error, and then all stays as it was. */
  reload(): void
}

/** The keys in a file, one a line as in a .pub file. */
function readAuthorities(file: string): readonly string[] {
  const found = readKeyText(file)
    .split('\n')
    .flatMap((raw, index) => {
      const line = raw.trim()
      return line === '' || line.startsWith('#') ? [] : [readAuthority(line, `${file}:${index + 1}`)]
    })
  if (found.length > 0) return found
  throw new OperatorError(`${file} holds no public key.`, 'Put the .pub file of the authority there.')
}

function readAuthority(line: string, place: string): string {
  const parsed = parsePublicKey(line)
  if (!parsed.ok)
    throw new OperatorError(`${place}:1  ${parsed.message}.`, `Mend the line: ${parsed.remedy}.`)
  const [weakness] = parsed.warnings
  if (weakness !== undefined) {
    throw new OperatorError(`${place}:1  ${weakness}.`, 'Make a new authority: ssh-keygen -t ed25519')
  }
  if (parsed.key.options === '') return parsed.key.fingerprint
  throw new OperatorError(
    `${place}:1  options before the key of an authority have no effect here.`,
    'Remove them, or put the line, with cert-authority, below the keys of a user.',
  )
}

function readRevocations(file: string): Revocations {
  const bytes = readKeyBytes(file)
  const read = isKrl(bytes) ? readKrl(bytes) : readRevocationText(bytes.toString('utf8'))
  if (read.ok) return read.revocations
  const place = read.line === undefined ? file : `${file}:${read.line}:1`
  throw new OperatorError(
    `${place}  the revocation list cannot be used: ${read.problem}.`,
    'Make one with `ssh-keygen -k`, or write a public key, a fingerprint, `serial:` or `id:` a line.',
  )
}

function readAll({ listeners }: Config): ReadonlyMap<string, ListenerTrust> {
  return new Map(
    listeners.flatMap((listener) =>
      listener.door === 'sftp'
        ? [
            [
              listener.name,
              {
                authorities: new Set(listener.userCertificateAuthorities.flatMap(readAuthorities)),
                revocations: listener.revokedKeys.map(readRevocations),
              },
            ],
          ]
        : [],
    ),
  )
}

/** Throws as `reload` does. */
export function openKeyTrust(config: Config): LiveKeyTrust {
  let trust = readAll(config)
  return {
    trusts: (listener, authority) => trust.get(listener)?.authorities.has(authority) === true,
    isRevoked: (listener, shown) => isRevokedBy(trust.get(listener)?.revocations ?? [], shown),
    reload() {
      trust = readAll(config)
    },
  }
}
