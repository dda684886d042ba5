import type { ErrorCode } from '../core/errors.ts'
import { closing, type Reply, reply } from './replies.ts'

/**
 * Total: a new code without a row does not compile. Texts are constants, so that nothing inside leaks. FluentFTP, lftp and others
 * look for `no such file`, `not a regular file` and `already exist` in them.
 */
const REPLIES = {
  'path.not-found': [550, 'No such file or directory.'],
  'path.exists': [550, 'File or directory already exists.'],
  'path.is-directory': [550, 'Is a directory, not a regular file.'],
  'path.not-directory': [550, 'Not a directory.'],
  'path.not-empty': [550, 'Directory not empty.'],
  'path.unfinished': [550, 'Upload is not finished; resume or delete it.'],
  'path.invalid': [553, 'Name not allowed.'],
  'access.denied': [550, 'Permission denied.'],
  'auth.required': [530, 'Log in with USER and PASS.'],
  'auth.failed': [530, 'Login incorrect.'],
  'policy.encryption-required': [530, 'Encryption required; use AUTH TLS.'],
  'policy.data-encryption-required': [522, 'Data connections must be encrypted; use PROT P.'],
  'quota.exceeded': [552, 'Quota exceeded.'],
  'storage.full': [452, 'No space left.'],
  'storage.busy': [450, 'File is busy.'],
  'storage.failed': [451, 'Storage failed.'],
  // No 502: clients take it for a command that the server does not have, and never send it again.
  'storage.unsupported': [550, 'Not supported here.'],
  'transfer.aborted': [426, 'Transfer aborted.'],
  'transfer.no-data-connection': [425, 'No data connection.'],
  'transfer.bad-offset': [554, 'Restart offset is past the end.'],
  'handle.invalid': [451, 'Transfer no longer open.'],
  'session.limit': [421, 'Too many sessions; closing.'],
  'session.idle': [421, 'Timeout; closing.'],
  'session.draining': [421, 'The server ends this session.'],
  'protocol.syntax': [501, 'Syntax error in argument.'],
  'protocol.unknown': [500, 'Unknown command.'],
  'protocol.sequence': [503, 'Bad sequence of commands.'],
  internal: [451, 'Internal error.'],
} as const satisfies Record<ErrorCode, readonly [number, string]>

/** `creates`: the command makes a name, where RFC 959 says 553 for what is 550 elsewhere. */
export function replyForError(code: ErrorCode, creates = false): Reply {
  const [number, text] = REPLIES[code]
  if (number === 421) return closing(number, text)
  return reply(number === 550 && creates ? 553 : number, text)
}
