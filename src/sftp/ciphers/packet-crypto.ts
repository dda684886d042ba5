/** One direction of an SSH connection with one set of keys, both with a MAC of TAG_LENGTH bytes behind the packet. */
export const TAG_LENGTH = 16
export const LENGTH_FIELD = 4

export type CipherName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20'

/** `key` of chacha20: 64 bytes, those of the packet first. `iv`: 12 bytes for AES-GCM, empty for chacha20. */
export type CipherKeys = Readonly<{ name: CipherName; key: Buffer; iv: Buffer }>

/** What a packet without its length field is a multiple of. */
export const blockOf = (name: CipherName): number => (name === 'chacha20' ? 8 : 16)

const MIN_PADDING = 4
/** Of ciphers whose blocks have 16 bytes. */
export const MAX_PADDING = 16 + MIN_PADDING - 1

/** How many bytes make `size` a multiple of `block` (RFC 4253, section 6): four at least. */
export function paddingTo(block: number, size: number): number {
  const padding = block - (size % block)
  return padding < MIN_PADDING ? padding + block : padding
}

export type Sealer = {
  /** What the packet without its length field is a multiple of. */
  readonly block: number
  /** Encrypts a packet into memory that has TAG_LENGTH bytes more, for its MAC; both may overlap, or begin at one place. */
  seal(clear: Buffer, sequence: number, into: Buffer): void
  /**
   * Seals the packet in the first `length` bytes and hands it to the system at once; gives how many bytes that took, 0 too
   * when the socket fails.
   */
  sealAndSend?(memory: Buffer, length: number, sequence: number, socket: number): number
  /** Forgets the keys; nothing is sealed any more. */
  free(): void
}

export type Opener = {
  readonly block: number
  /** The packet's length field in clear; nothing says yet that it is genuine. */
  lengthOf(field: Buffer, sequence: number): number
  /** Of a whole packet with its MAC: all between length field and MAC, in clear. Throws protocol.syntax for a wrong MAC. */
  open(packet: Buffer, sequence: number): Buffer
  /**
   * Opens whole packets that follow on each other where they lie, up to the first that is no channel data, and says in
   * `places` where the payload of each begins and ends, and where the next packet begins. Gives their number, 0 when the
   * first is not all there. Throws protocol.syntax for a wrong MAC or length of the first; one behind it ends the keys.
   */
  openRun?(data: Buffer, from: number, to: number, sequence: number, places: Uint32Array): number
  free(): void
}
