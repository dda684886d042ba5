import type { Origin } from '../core/identity.ts'
import type { Clock, Logger } from '../core/ports.ts'
import type { VirtualPath } from '../core/vfs/path.ts'
import type { TransferNote, VfsSession } from '../core/vfs/session.ts'
import type { DataChannel } from './data-channel.ts'
import type { HashName } from './digests.ts'
import type { Fact } from './facts.ts'
import type { LineEnds } from './line-ends.ts'
import type { LoginDialog } from './login.ts'
import type { Reply } from './replies.ts'
import type { FtpSettings } from './settings.ts'
import type { StallWatch } from './stall.ts'

/** What the commands of one login agree on; REIN makes a new one. */
export type Dialog = {
  cwd: VirtualPath
  type: 'A' | 'I'
  mode: 'S' | 'Z'
  /** Chosen by OPTS MODE Z; undefined = the listener's. */
  deflateLevel: number | undefined
  /** Bytes; for the next RETR or STOR only. */
  restartAt: number
  /** Set by RNFR for the very next command. */
  renameFrom: VirtualPath | undefined
  facts: ReadonlySet<Fact>
  /** RFC 2428 section 4: after EPSV ALL no other way to a data connection is allowed. */
  onlyEpsv: boolean
  /** Chosen by OPTS HASH. */
  hash: HashName
}

/** The command that uses the data connection now, or reads a file for long without one. */
export type Transfer = {
  readonly verb: string
  /** Aborted by ABOR, by the loss of the control connection, by a stall and at shutdown. */
  readonly signal: AbortSignal
  bytes: number
  /** Its first reply has been said: whatever were answered before would be taken for it. */
  opened: boolean
  /** An upload that goes on to its own end where the client closes the control connection before. */
  outlives: boolean
  /** For the audit event of the file. */
  readonly note: TransferNote
  /** What an abort does at once, beside the signal: for who needs no signal otherwise. */
  cut: (() => void) | undefined
  throwIfAborted(): void
  /** A rate lets nothing move at the moment. */
  slowed(): void
  abort(): void
}

/** `unsure`: its end is there, but not all is read that it said before; `allTold` later all is. */
export type Death = 'no' | 'unsure' | 'yes'

/** One control connection as its commands see it. */
export type Ftp = {
  readonly settings: FtpSettings
  readonly clock: Clock
  readonly logger: Logger
  readonly commands: ReadonlyMap<string, Row>
  readonly lineEnds: LineEnds
  /** Changes at AUTH TLS. */
  readonly origin: Origin
  readonly tlsOffered: boolean
  /** Protocol version and cipher suite of the control connection; undefined in clear. */
  crypto(): string | undefined
  /** Uploads of this client may end at this moment as those of one that died. */
  readonly openEnded: boolean
  readonly login: LoginDialog
  readonly data: DataChannel
  readonly stall: StallWatch
  readonly transfer: Transfer | undefined
  dialog: Dialog
  /** A preliminary reply, which goes out at once; the last one is what `run` returns. */
  say(reply: Reply): void
  /** Its end has come on the control connection, and it did not say QUIT; as far as that can be seen outside of TLS. */
  clientDied(): Death
  /**
   * RFC 7151 HOST: false when the listener has no such name, or TLS chose another. Forgets what was proven. Undefined goes
   * back to what TLS chose.
   */
  chooseHost(name: string | undefined): Promise<boolean>
  /** CLNT, for the audit of the login; too late once a name was said. */
  nameClient(client: string): Promise<void>
  /** Back to the state before the login; TLS and PROT stay. */
  restart(): Promise<void>
}

type Rules = Readonly<{
  verb: string
  argument: 'none' | 'optional' | 'required'
  /** Where it is specified. */
  rfc: string
  /** Syntax behind the verb, for HELP. */
  help: string
  /** Lines in the answer to FEAT. */
  feat?: (ftp: Ftp) => readonly string[]
  /** Makes a name: 553 stands for 550. */
  creates?: true
  /** It is what a REST before it was for, also when it is refused. */
  endsRestart?: true
  /** Answered at once while a transfer runs, when it has no argument: any, or one that has been opened. */
  duringTransfer?: 'any' | 'opened'
}>

type Answer = Reply | Promise<Reply>

/** One command. The dispatcher checks the rules; `run` throws FileServerError for what the core refuses. */
export type Row = Rules &
  (
    | Readonly<{ needs: 'nothing'; run: (ftp: Ftp, argument: string) => Answer }>
    | Readonly<{ needs: 'login'; run: (ftp: Ftp, argument: string, files: VfsSession) => Answer }>
    | Readonly<{
        /** `transfer`: runs under one, for ABOR and all else that ends it, but needs no data connection. */
        needs: 'data' | 'transfer'
        run: (ftp: Ftp, argument: string, files: VfsSession, transfer: Transfer) => Answer
      }>
  )
