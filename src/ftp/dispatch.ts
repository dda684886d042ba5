import { errorCodeOf, FileServerError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { isStorageTrouble } from '../core/storage-troubles.ts'
import { replyForError } from './error-map.ts'
import { isHttp } from './http.ts'
import { closing, type Reply } from './replies.ts'
import type { Ftp, Row, Transfer } from './session.ts'

export type Command = Readonly<{ verb: string; argument: string }>

/** The verb ends at the first space; everything behind it is the argument, trailing spaces included. */
export function parseCommand(line: string): Command {
  const space = line.indexOf(' ')
  if (space < 0) return { verb: line.toUpperCase(), argument: '' }
  return { verb: line.slice(0, space).toUpperCase(), argument: line.slice(space + 1) }
}

export type Dispatcher = {
  readonly ftp: Ftp
  /** Makes the transfer that a row with `needs: 'data'` or `'transfer'` runs under; the control connection drops it afterwards. */
  begin(verb: string): Transfer
  /** Told that the client speaks another protocol. */
  foreign(protocol: string): void
  /** Told about errors that are ours, not the client's. */
  report(error: unknown): void
  /** Told what the storage would not do, and of which command. */
  troubled(verb: string, error: unknown): void
}

/** Checks the row's rules, runs it and turns whatever is thrown into a reply. Never throws, never rejects. */
export function dispatch(dispatcher: Dispatcher, command: Command): MaybePromise<Reply> {
  const { verb, argument } = command
  const row = dispatcher.ftp.commands.get(verb)
  if (row === undefined) {
    dispatcher.ftp.dialog.renameFrom = undefined
    return unknown(dispatcher, command)
  }
  try {
    const answer = runRow(dispatcher, row, argument)
    if (!(answer instanceof Promise)) return over(dispatcher.ftp, row, answer)
    return answer.then(
      (last) => over(dispatcher.ftp, row, last),
      (error: unknown) => failed(dispatcher, row, error),
    )
  } catch (error) {
    return failed(dispatcher, row, error)
  }
}

/** Nothing of what it sent is said back: a browser would show it as the answer. */
function unknown(dispatcher: Dispatcher, { verb, argument }: Command): Reply {
  if (!isHttp(verb, argument)) return replyForError('protocol.unknown')
  dispatcher.foreign('HTTP')
  return closing(421, 'This is no web server; closing.')
}

function failed(dispatcher: Dispatcher, row: Row, error: unknown): Reply {
  const code = errorCodeOf(error)
  if (code === 'internal') dispatcher.report(error)
  else if (isStorageTrouble(error)) dispatcher.troubled(row.verb, error)
  return over(dispatcher.ftp, row, replyForError(code, row.creates))
}

/**
 * REST counts for the next transfer and RNFR for the next RNTO, whatever stands in between: RFC 3659 section 5 leaves it open,
 * other servers do so, and a client whose REST were passed over would double the head of a download or lose that of an upload.
 * One that is refused takes an earlier one with it.
 */
function over({ dialog }: Ftp, row: Row, answer: Reply): Reply {
  const refused = answer.code >= 400
  if (row.endsRestart === true || (refused && row.verb === 'REST')) dialog.restartAt = 0
  if (row.verb === 'RNTO' || (refused && row.verb === 'RNFR')) dialog.renameFrom = undefined
  return answer
}

function runRow(dispatcher: Dispatcher, row: Row, argument: string): MaybePromise<Reply> {
  const { ftp } = dispatcher
  const files = ftp.login.session?.files
  if (row.needs !== 'nothing' && files === undefined) throw new FileServerError('auth.required')
  if (row.argument === 'required' && argument === '') throw new FileServerError('protocol.syntax')
  if (row.argument === 'none' && argument.trim() !== '') throw new FileServerError('protocol.syntax')
  if (row.needs === 'nothing') return row.run(ftp, argument)
  if (files === undefined) throw new FileServerError('auth.required')
  if (row.needs === 'login') return row.run(ftp, argument, files)
  if (row.needs === 'transfer') return row.run(ftp, argument, files, dispatcher.begin(row.verb))
  if (ftp.origin.encrypted && ftp.data.protection === 'C')
    throw new FileServerError('policy.data-encryption-required')
  if (!ftp.data.ready) throw new FileServerError('transfer.no-data-connection')
  return row.run(ftp, argument, files, dispatcher.begin(row.verb))
}
