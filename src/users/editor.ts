import type { Document } from 'yaml'
import { isSeq } from 'yaml'
import { certificateName } from '../core/auth/client-certificate.ts'
import type { TotpCredential } from '../core/identity.ts'
import { type Edit, type EditResult, type EditSettings, editUsers } from './edit.ts'
import { parsePublicKey } from './public-key.ts'
import type { UserInput } from './schema.ts'
import type { SecretBox } from './secret-box.ts'

/** A new user: what the file may hold, but the secret of one-time codes, which is encrypted on the way in. */
export type NewUser = Omit<UserInput, 'totp'> & Readonly<{ totp?: TotpCredential }>
export type SunsetInput = NonNullable<UserInput['sunset']>

/** Typed edits of the users file; each is one atomic step, see `editUsers` for what they fail with. */
export type UserEditor = {
  addUser(name: string, user: NewUser): Promise<EditResult>
  removeUser(name: string): Promise<EditResult>
  setEnabled(name: string, enabled: boolean): Promise<EditResult>
  /** Undefined removes the password. */
  setPassword(name: string, hash: string | undefined): Promise<EditResult>
  /** Only when the stored hash still is `oldHash`; else `stale-hash`. */
  replacePassword(name: string, oldHash: string, newHash: string): Promise<EditResult>
  setTotp(name: string, credential: TotpCredential): Promise<EditResult>
  removeTotp(name: string): Promise<EditResult>
  /** `line` as in a .pub file. */
  addKey(name: string, line: string): Promise<EditResult>
  /** `SHA256:...` as ssh-keygen -l prints it; `unknown-key` when the user has none such. */
  removeKey(name: string, fingerprint: string): Promise<EditResult>
  /** SHA-256, as `openssl x509 -fingerprint -sha256` prints it or without the colons. */
  addCertificate(name: string, certificate: string): Promise<EditResult>
  /** In any of those forms; `unknown-key` when the user has none such. */
  removeCertificate(name: string, certificate: string): Promise<EditResult>
  /** Undefined ends the exception. */
  setSunset(name: string, sunset: SunsetInput | undefined): Promise<EditResult>
}

export type EditorSettings = EditSettings & Readonly<{ secrets: SecretBox }>

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<T>
}

function sealedTotp(secrets: SecretBox, name: string, credential: TotpCredential): UserInput['totp'] {
  const { algorithm, digits, periodSeconds } = credential
  return { secret: secrets.seal(name, credential.secret), algorithm, digits, periodSeconds }
}

/** An edit of a user that exists. */
function editOf(
  name: string,
  change: (document: Document, path: readonly string[]) => ReturnType<Edit>,
): Edit {
  return (document) => {
    const path = ['users', name]
    return document.hasIn(path) ? change(document, path) : 'unknown-user'
  }
}

function setOrDelete(name: string, key: string, value: unknown): Edit {
  return editOf(name, (document, path) => {
    // A plain value goes into the node that is there, so that its comment stays.
    if (value !== undefined) {
      document.setIn([...path, key], typeof value === 'object' ? document.createNode(value) : value)
    }
    if (value === undefined && document.hasIn([...path, key])) document.deleteIn([...path, key])
    return undefined
  })
}

type ListKey = 'keys' | 'certificates'

function addTo(name: string, key: ListKey, line: string): Edit {
  return editOf(name, (document, path) => {
    const list = document.getIn([...path, key])
    if (isSeq(list)) {
      list.flow = false
      list.add(document.createNode(line))
    } else document.setIn([...path, key], document.createNode([line]))
    return undefined
  })
}

function removeFrom(name: string, key: ListKey, isWanted: (line: string) => boolean): Edit {
  return editOf(name, (document, path) => {
    const list = document.getIn([...path, key])
    if (!isSeq(list)) return 'unknown-key'
    const lines: unknown = list.toJS(document)
    const index = (Array.isArray(lines) ? lines : []).findIndex((line: unknown) => isWanted(String(line)))
    if (index < 0) return 'unknown-key'
    if (list.items.length === 1) document.deleteIn([...path, key])
    else list.delete(index)
    return undefined
  })
}

function keyIs(line: string, fingerprint: string): boolean {
  const parsed = parsePublicKey(line)
  return parsed.ok && parsed.key.fingerprint === fingerprint
}

export function createUserEditor(settings: EditorSettings): UserEditor {
  const { secrets } = settings
  const run = (edit: Edit) => editUsers(settings, edit)
  return {
    addUser: (name, { totp, ...rest }) =>
      run((document) => {
        if (document.hasIn(['users', name])) return 'user-exists'
        const sealed = totp === undefined ? {} : { totp: sealedTotp(secrets, name, totp) }
        document.setIn(['users', name], document.createNode({ ...defined(rest), ...sealed }))
        return undefined
      }),
    removeUser: (name) =>
      run(
        editOf(name, (document, path) => {
          document.deleteIn(path)
          return undefined
        }),
      ),
    setEnabled: (name, enabled) => run(setOrDelete(name, 'enabled', enabled)),
    setPassword: (name, hash) => run(setOrDelete(name, 'password', hash)),
    replacePassword: (name, oldHash, newHash) =>
      run(
        editOf(name, (document, path) => {
          if (document.getIn([...path, 'password']) !== oldHash) return 'stale-hash'
          document.setIn([...path, 'password'], newHash)
          return undefined
        }),
      ),
    setTotp: (name, credential) => run(setOrDelete(name, 'totp', sealedTotp(secrets, name, credential))),
    removeTotp: (name) => run(setOrDelete(name, 'totp', undefined)),
    addKey: (name, line) => run(addTo(name, 'keys', line.trim())),
    removeKey: (name, fingerprint) => run(removeFrom(name, 'keys', (line) => keyIs(line, fingerprint))),
    addCertificate: (name, certificate) => run(addTo(name, 'certificates', certificateName(certificate))),
    removeCertificate: (name, certificate) => {
      const wanted = certificateName(certificate)
      return run(removeFrom(name, 'certificates', (line) => certificateName(line) === wanted))
    },
    setSunset: (name, sunset) => run(setOrDelete(name, 'sunset', sunset)),
  }
}
