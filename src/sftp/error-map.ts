import type { ErrorCode } from '../core/errors.ts'

/** SSH_FX_*: draft-ietf-secsh-filexfer-02, section 7. */
export const STATUS = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  opUnsupported: 8,
} as const
export type StatusCode = (typeof STATUS)[keyof typeof STATUS]

type Row = Readonly<{ status: StatusCode; text: string }>

/** The wire's words for every way to fail. They name no path and no cause. */
export const ERROR_MAP = {
  'path.not-found': { status: STATUS.noSuchFile, text: 'No such file' },
  'path.exists': { status: STATUS.failure, text: 'File already exists' },
  'path.is-directory': { status: STATUS.failure, text: 'Is a directory' },
  'path.not-directory': { status: STATUS.noSuchFile, text: 'Not a directory' },
  'path.not-empty': { status: STATUS.failure, text: 'Directory not empty' },
  'path.unfinished': { status: STATUS.failure, text: 'Upload is not finished; resume or delete it' },
  'path.invalid': { status: STATUS.badMessage, text: 'Invalid name' },
  'access.denied': { status: STATUS.permissionDenied, text: 'Permission denied' },
  'auth.required': { status: STATUS.permissionDenied, text: 'Permission denied' },
  'auth.failed': { status: STATUS.permissionDenied, text: 'Permission denied' },
  'policy.encryption-required': { status: STATUS.permissionDenied, text: 'Permission denied' },
  'policy.data-encryption-required': { status: STATUS.permissionDenied, text: 'Permission denied' },
  'quota.exceeded': { status: STATUS.failure, text: 'Quota exceeded' },
  'storage.full': { status: STATUS.failure, text: 'No space left' },
  'storage.busy': { status: STATUS.failure, text: 'File is busy, try again later' },
  'storage.failed': { status: STATUS.failure, text: 'Storage failure' },
  'storage.unsupported': { status: STATUS.opUnsupported, text: 'Operation unsupported' },
  'transfer.aborted': { status: STATUS.failure, text: 'Transfer aborted' },
  'transfer.no-data-connection': { status: STATUS.failure, text: 'Failure' },
  'transfer.bad-offset': { status: STATUS.failure, text: 'Bad offset' },
  'handle.invalid': { status: STATUS.failure, text: 'Invalid handle' },
  'session.limit': { status: STATUS.failure, text: 'Too many open files' },
  'session.idle': { status: STATUS.failure, text: 'Session is ending' },
  'session.draining': { status: STATUS.failure, text: 'Session is ending' },
  'protocol.syntax': { status: STATUS.badMessage, text: 'Bad message' },
  'protocol.unknown': { status: STATUS.opUnsupported, text: 'Operation unsupported' },
  'protocol.sequence': { status: STATUS.failure, text: 'Failure' },
  internal: { status: STATUS.failure, text: 'Failure' },
} as const satisfies Record<ErrorCode, Row>

/** SSH_DISCONNECT_*: RFC 4253, section 11.1. */
export const DISCONNECT = {
  protocolError: 2,
  byApplication: 11,
  tooManyConnections: 12,
  noMoreMethods: 14,
} as const
export type DisconnectCode = (typeof DISCONNECT)[keyof typeof DISCONNECT]

/** The reason with which a whole connection ends for `code`. */
export function disconnectCodeOf(code: ErrorCode): DisconnectCode {
  if (code === 'session.limit') return DISCONNECT.tooManyConnections
  return code.startsWith('protocol.') ? DISCONNECT.protocolError : DISCONNECT.byApplication
}
