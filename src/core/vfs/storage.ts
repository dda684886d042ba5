import type { UserId } from '../identity.ts'
import type { MaybePromise } from '../maybe-promise.ts'

declare const brand: unique symbol

/** A path inside one driver: `/`, or `/a/b`; normalised like a VirtualPath. Made by core/vfs/mounts.ts only. */
export type StorageKey = string & { readonly [brand]: 'StorageKey' }

export type EntryKind = 'file' | 'directory' | 'symlink' | 'other'

export type Entry = Readonly<{
  name: string
  kind: EntryKind
  /** Bytes. */
  size: number
  /** Milliseconds since the epoch. */
  mtimeMs: number
  atimeMs: number
  /** Permission bits only (0o7777). */
  mode: number
  uid: number
  gid: number
  links: number
  device: number
  inode: number
}>

export type AttributeChanges = {
  size?: number
  mode?: number
  mtimeMs?: number
  atimeMs?: number
}

/**
 * Hands bytes from `position` on to an open descriptor, at most `max`, without waiting. 0: nothing now, since the
 * descriptor is full, the content ends here, storage has to be waited for, or fails; `read` tells which. Undefined: never
 * with this handle, or never to this descriptor.
 */
export type SendTo = (descriptor: number, position: number, max: number) => number | undefined

/** Closed by who opened it. Reads past the end give 0. */
export type ReadHandle = {
  /** Bytes that the file had when it was opened. */
  readonly size: number
  stat(): MaybePromise<Entry>
  /** Fills `into` from `position` as far as it goes in one step; resolves to the bytes read, 0 at the end. */
  read(into: Uint8Array, position: number): MaybePromise<number>
  /** Absent where content has to pass through the process. */
  readonly sendTo?: SendTo | undefined
  close(): MaybePromise<void>
}

/**
 * A staged upload: nobody sees its content under its name before `commit`. Exactly one of `commit`, `abort` and
 * `discard` ends it. `abort` keeps what arrived as the owner's partial, so that the upload can be resumed.
 */
export type WriteHandle = {
  /** Bytes that the content has now, including what a resume started from. */
  readonly size: number
  /** Writes all of `chunk`; the caller may reuse the buffer after it resolves. Positions may come in any order. */
  write(chunk: Uint8Array, position: number): MaybePromise<void>
  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void>
  read(into: Uint8Array, position: number): MaybePromise<number>
  stat(): Promise<Entry>
  setAttributes(changes: AttributeChanges): Promise<void>
  /** Flushes to stable storage. */
  sync(): Promise<void>
  /** Puts the content under its name, replacing what was there; fails with transfer.aborted when superseded. */
  commit(): MaybePromise<Entry>
  abort(): Promise<void>
  discard(): Promise<void>
}

/** An amount of stored content: what was freed, kept or is used. Every name counts in full, hard links too. */
export type Usage = Readonly<{ bytes: number; files: number }>

/** What a driver opens for writing: a WriteHandle that also says what it does to the space used, for the quota. */
export type StagedFile = Omit<WriteHandle, 'commit' | 'abort' | 'discard'> & {
  /** What lay there as this upload's start, or was dropped for it, and so is counted already; also what it took over. */
  readonly inherited: Usage
  /** `freed`: the file it replaced. When it fails, `abort` must follow. */
  commit(): MaybePromise<{ entry: Entry; freed: Usage }>
  /** Resolves to what is kept, also by the upload that took over; nothing when nothing was written. */
  abort(): Promise<Usage>
  /** Resolves to what is left all the same: a file that was edited in place can't be taken back. */
  discard(): Promise<Usage>
}

/** What may end a wait. `signal` is asked for by what has to wait, and by nothing else: making one costs. */
export type Patience = Readonly<{ signal?: AbortSignal }>

export type WriteOptions = Readonly<{
  owner: UserId
  /**
   * `empty` starts anew and drops the owner's partial. `current` goes on from the owner's partial if there is one,
   * else from a copy of the file, else empty.
   */
  start: 'empty' | 'current'
  /** False: path.not-found when neither file nor own partial exists. */
  create: boolean
  /** path.exists when a file has the name, at open or at commit; an own partial does not count. */
  exclusive: boolean
  /** A copy of the file ends here, in bytes; undefined: it is whole. A partial stays as long as it is. */
  upTo?: number | undefined
  /** Ends waiting and copying with transfer.aborted; nothing is left then. */
  patience?: Patience | undefined
  /** Asked for the space of a copy before it is made; what it throws ends the opening. */
  reserve?: ((bytes: number) => Promise<void>) | undefined
}>

export type FilesystemStats = Readonly<{
  blockSize: number
  totalBlocks: number
  freeBlocks: number
  availableBlocks: number
  totalFiles: number
  freeFiles: number
}>

/**
 * One tree of files. `owner` is who asks: an idle partial upload shadows its name for its owner alone (stat and list show
 * the partial's size, openRead and a new time are refused as path.unfinished) and does not exist for anybody else.
 * Symbolic links never lead outside. Throws FileServerError only: path.*, access.denied, storage.*.
 */
export type StorageDriver = {
  /** `follow` false: a symbolic link is described itself. */
  stat(key: StorageKey, owner: UserId, follow: boolean): MaybePromise<Entry>
  /**
   * Batches as they are read, unsorted, without `.` and `..`; entries that vanish meanwhile are left out. `swept` hears
   * of the owner's partials that were removed on the way because they were too old.
   */
  list(key: StorageKey, owner: UserId, swept?: (freed: Usage) => void): AsyncIterable<readonly Entry[]>
  /** Regular files only. */
  openRead(key: StorageKey, owner: UserId): MaybePromise<ReadHandle>
  openWrite(key: StorageKey, options: WriteOptions): MaybePromise<StagedFile>
  mkdir(key: StorageKey): Promise<void>
  /** Removes a file or link (or, first, the owner's partial). Returns what it freed, for the quota. */
  remove(key: StorageKey, owner: UserId): MaybePromise<Usage>
  /** Idle partials don't keep a directory. `swept` hears of the owner's that were removed, also when it then fails. */
  rmdir(key: StorageKey, owner: UserId, swept?: (freed: Usage) => void): Promise<void>
  /**
   * `replace` false: path.exists when the target exists. Returns what a replaced file freed, with the owner's partial of
   * that name, which goes too. path.unfinished when `from` is the owner's partial.
   */
  rename(from: StorageKey, to: StorageKey, options: { owner: UserId; replace: boolean }): Promise<Usage>
  /** Resolves to the bytes by which all names of the file grew together: negative when it was cut, mostly 0. */
  setAttributes(key: StorageKey, owner: UserId, changes: AttributeChanges, follow: boolean): Promise<number>
  /** Resolves to the size of the file that now has one name more. */
  hardLink(from: StorageKey, to: StorageKey): Promise<number>
  symbolicLink(target: string, key: StorageKey): Promise<void>
  readLink(key: StorageKey): Promise<string>
  filesystemStats(key: StorageKey): Promise<FilesystemStats>
  /** Sum of all regular files, partials included; for the first quota count. */
  usage(): Promise<Usage>
  close(): Promise<void>
}

/** Gives the driver for a mount's location; the same location gives the same driver. */
export type StorageProvider = { open(location: string): Promise<StorageDriver> }
