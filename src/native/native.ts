/**
 * The functions of the addon in `native/`, all of them non-blocking system calls that Node does not offer. Each answers
 * with a number: what it did, or the negative errno. Every caller has a way without them.
 */
export type Native = Readonly<{
  /** Reads what is in memory already: -EAGAIN where the disk would have to be asked, -EOPNOTSUPP where nobody can tell. */
  readCached(fd: number, into: Uint8Array, length: number, position: number): number
}>

/** What each function is for, and what its absence costs, for `sallyport check` and the line at start. */
export const NATIVE_PARTS = {
  readCached: {
    name: 'cached reads',
    without: 'a slow disk can hold up other sessions until it is noticed',
  },
} as const satisfies Readonly<Record<keyof Native, Readonly<{ name: string; without: string }>>>
