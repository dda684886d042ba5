import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, write } from 'node:fs'
import { dirname } from 'node:path'

const NEWLINE = 0x0a
const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700
const CLOSED = -1

/** Writes what it can of `bytes` and gives how many that were; rejects with the system's error. */
export type Append = (fd: number, bytes: Uint8Array) => Promise<number>

const systemAppend: Append = (fd, bytes) =>
  new Promise((resolve, reject) =>
    write(fd, bytes, 0, bytes.length, null, (error, count) =>
      error === null ? resolve(count) : reject(error),
    ),
  )

/** What the disk did not take, from the beginning of a line on, and why. */
export type Refused = Readonly<{ left: Buffer; error: unknown }>

/** Makes the file and its folder if need be. Throws the system's error, with the path, for one that cannot be appended to. */
export function openForLines(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER })
  // Reading too, for the last byte.
  return openSync(path, 'a+', PRIVATE_FILE)
}

function endsInMidLine(fd: number): boolean {
  const stat = fstatSync(fd)
  if (!stat.isFile() || stat.size === 0) return false
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, stat.size - 1)
  return last[0] !== NEWLINE
}

/**
 * A file of lines to which lines are appended, each whole and once, whatever a full disk or a rotation does in the middle of
 * one. Whoever opened it closes it.
 */
export class LineFile {
  readonly #path: string
  readonly #append: Append
  #fd: number
  /** A crash, or a system that would not take back half a line, left one at the end: nothing may be glued to it. */
  #cut: boolean
  #last: Promise<unknown> = Promise.resolve()

  /** Throws as `openForLines` does. */
  constructor(path: string, append: Append = systemAppend) {
    this.#path = path
    this.#append = append
    this.#fd = openForLines(path)
    this.#cut = endsInMidLine(this.#fd)
  }

  /** Appends `lines`, which end with a line break; undefined when all are written. Never rejects. */
  append(lines: Buffer): Promise<Refused | undefined> {
    return this.#inTurn(() => this.#write(lines))
  }

  /** Opens the file anew, after a rotation moved it; the append under way ends in the old one. Rejects with the system's error. */
  async reopen(): Promise<void> {
    const next = openForLines(this.#path)
    await this.#inTurn(async () => {
      const old = this.#fd
      this.#fd = next
      this.#cut = endsInMidLine(next)
      closeSync(old)
    })
  }

  /** What is appended later is refused: the number of the descriptor may be another file's by then. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      closeSync(this.#fd)
      this.#fd = CLOSED
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #write(lines: Buffer): Promise<Refused | undefined> {
    let done = 0
    try {
      if (this.#cut) await this.#append(this.#fd, Buffer.of(NEWLINE))
      this.#cut = false
      while (done < lines.length) done += await this.#append(this.#fd, lines.subarray(done))
      return undefined
    } catch (error) {
      const whole = lines.subarray(0, done).lastIndexOf(NEWLINE) + 1
      this.#takeBack(done - whole)
      return { left: lines.subarray(whole), error }
    }
  }

  #takeBack(bytes: number): void {
    if (bytes === 0) return
    try {
      ftruncateSync(this.#fd, fstatSync(this.#fd).size - bytes)
    } catch {
      // A file that the system only lets grow: the half line stands alone, and the whole one follows.
      this.#cut = true
    }
  }
}
