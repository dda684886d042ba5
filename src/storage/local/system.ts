import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Entry } from '../../core/vfs/storage.ts'

/** Reads a directory from its start to its end; whoever opened it closes it. */
export type DirectoryScan = {
  /**
   * The next entries, about half a millisecond's work without waiting, or what the thread pool brought while the disk is
   * slow. `.`, `..`, reserved names and what vanished meanwhile are left out, so that there may be none before the end.
   */
  next(): MaybePromise<Entry[]>
  /** Nothing follows. */
  readonly ended: boolean
  close(): void
}

/** The hot system calls, relative to the descriptor of an open directory. They throw the system's errors. */
export type LocalSystem = Readonly<{
  /** Undefined when nothing has the name; links are not followed. */
  lstat(directory: number, name: string): Entry | undefined
  /** `name` is what the entry is to be called. */
  fstat(fd: number, name: string): Entry
  open(directory: number, name: string, flags: number, mode?: number): number
  /** In this turn; may write less than all. */
  write(fd: number, bytes: Uint8Array, position: number): number
  unlink(directory: number, name: string): void
  rename(from: number, name: string, to: number, newName: string): void
  /** As `rename`, but EEXIST when something has the new name. False where that cannot be done in one step, and nothing is done. */
  renameNew(from: number, name: string, to: number, newName: string): boolean
  /** `reserved` hears of the reserved names of some hundred entries before the first of them is given. */
  scan(directory: number, reserved: (name: string) => void): DirectoryScan
}>
