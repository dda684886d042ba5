import { BEFORE_DATA } from './channel-data.ts'
import { SMALL_REPLY } from './limits.ts'

/** Padding and MAC, behind it. */
const BEHIND_DATA = 40
/** Behind length and type of an SFTP packet. */
const ID_AT = 5
const MOST = 32 * 1024

/** Who gathers; `moveOut` is called when another one wants the room. */
export type BurstOwner = { moveOut(): void }

/**
 * Small replies of one channel, one behind the other where they will be sealed and sent together. All channels share it: a
 * burst is gathered and sent within one turn, and what of it has to wait is moved out into memory of its own.
 */
export class Burst {
  readonly memory = Buffer.allocUnsafeSlow(BEFORE_DATA + MOST + BEHIND_DATA)
  length = 0
  owner: BurstOwner | undefined

  /** Copies a reply of at most SMALL_REPLY bytes, and puts `id` into the copy if there is one. */
  add(owner: BurstOwner, bytes: Buffer, id: number | undefined): void {
    if (this.owner !== owner || this.length + SMALL_REPLY > MOST) this.owner?.moveOut()
    this.owner = owner
    const at = BEFORE_DATA + this.length
    this.memory.set(bytes, at)
    if (id !== undefined) this.memory.writeUInt32BE(id, at + ID_AT)
    this.length += bytes.length
  }

  /** As long as nothing is added. */
  get bytes(): Buffer {
    return this.memory.subarray(BEFORE_DATA, BEFORE_DATA + this.length)
  }

  clear(): void {
    this.owner = undefined
    this.length = 0
  }
}
