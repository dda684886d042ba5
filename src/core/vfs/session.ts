import type { TlsSessionClass } from '../audit/events.ts'
import type { Action, Principal } from '../identity.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { VirtualPath } from './path.ts'
import type { AttributeChanges, Entry, FilesystemStats, ReadHandle, WriteHandle } from './storage.ts'

/** What a door tells about a transfer; it may still change until the transfer ends, and goes to the audit event. */
export type TransferNote = {
  tlsSession?: TlsSessionClass
  /** Of an upload: the client did not say that this was all, and need not. */
  unconfirmed?: true
  /** The key of the configuration whose limit ended it. */
  limit?: string
  /** Not all that was read has gone out: what was read to its end is aborted all the same. */
  lost?: true
}

/**
 * `signal` ends waits; the transfer itself is ended by who opened it. `slowed` is called every second while a rate lets
 * nothing move: that is no stall.
 */
export type TransferUse = Readonly<{ note?: TransferNote; signal?: AbortSignal; slowed?: () => void }>

/** Of the file system and of the user's quota whichever is less. Whole blocks; `availableBytes` is exact. */
export type Space = FilesystemStats & Readonly<{ availableBytes: number }>

export type OpenWriteOptions = Readonly<{
  start: 'empty' | 'current'
  create: boolean
  exclusive: boolean
  /** Bytes of the file that are to be gone on from; the rest need not be copied. */
  upTo?: number
}>

/**
 * One user's view of the files, for one login. Every method asks in the same order: permission of the mount the path
 * leads to, quota, driver, audit. Throws FileServerError only, at
 * once or later. Handles count bytes and write the `file.transfer` audit
 * event when they end; whoever opens one ends it.
 */
export type VfsSession = {
  readonly principal: Principal
  /** Text from the wire to a path; throws path.invalid for NUL, too long names and the like. Never leaves the root. */
  resolve(cwd: VirtualPath, input: string): VirtualPath
  stat(path: VirtualPath): MaybePromise<Entry>
  /** Does not follow a final symbolic link. */
  lstat(path: VirtualPath): MaybePromise<Entry>
  list(path: VirtualPath): AsyncIterable<readonly Entry[]>
  openRead(path: VirtualPath, use?: TransferUse): MaybePromise<ReadHandle>
  openWrite(path: VirtualPath, options: OpenWriteOptions, use?: TransferUse): MaybePromise<WriteHandle>
  mkdir(path: VirtualPath): Promise<void>
  remove(path: VirtualPath): MaybePromise<void>
  rmdir(path: VirtualPath): Promise<void>
  rename(from: VirtualPath, to: VirtualPath, options: { replace: boolean }): Promise<void>
  setAttributes(path: VirtualPath, changes: AttributeChanges, options?: { follow: boolean }): Promise<void>
  hardLink(from: VirtualPath, to: VirtualPath): Promise<void>
  symbolicLink(target: string, path: VirtualPath): Promise<void>
  readLink(path: VirtualPath): Promise<string>
  /** What may still be stored at the path. */
  space(path: VirtualPath): Promise<Space>
  /** What the user may do at the path, for MLST `perm` and the like; no I/O. */
  permissions(path: VirtualPath): ReadonlySet<Action>
  /** The root, a mount point or the way to one, which nobody can remove or rename; no I/O. */
  isFixed(path: VirtualPath): boolean
}
