import type { Duplex } from 'node:stream'
import type { LineEnds } from './line-ends.ts'

/** Pieces for one write. `free` after it: their memory is used again. */
export type Batch = Readonly<{ chunks: readonly Uint8Array[]; bytes: number; free: () => void }>

/** Takes what a socket receives and keeps it until somebody writes it; stops the peer while too much waits. */
export type Intake = {
  /** Begins to take in; `arrived` hears of every piece, after it has been taken in. */
  start(arrived: (bytes: number) => void): void
  /** As much waits as makes a write worthwhile. */
  readonly due: boolean
  /** All that is ready; undefined when nothing is. */
  take(): Batch | undefined
  /** No more comes: what is left is ready now. `whole`: the sender has ended, nothing was lost. */
  end(whole: boolean): void
  /** Goes on reading after a stop, now that a batch has been written. */
  resume(): void
}

export type IntakeOptions = Readonly<{
  socket: Duplex
  text: LineEnds | undefined
}>
