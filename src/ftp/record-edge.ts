/** Type, version and length (RFC 8446 section 5.1, as in every TLS before). */
const HEADER_BYTES = 5

/** Follows the records of a TLS stream as they pass. */
export class RecordEdge {
  /** Bytes of the record's content that have not passed yet; known as soon as its header has. */
  #left = 0
  #header = 0
  #length = 0

  /** All records that began have passed whole. */
  get here(): boolean {
    return this.#left === 0 && this.#header === 0
  }

  pass(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const content = Math.min(this.#left, bytes.length - at)
        this.#left -= content
        at += content
        continue
      }
      // The last two bytes of the header are the length.
      this.#length = ((this.#length << 8) | (bytes[at] ?? 0)) & 0xffff
      this.#header += 1
      at += 1
      if (this.#header < HEADER_BYTES) continue
      this.#left = this.#length
      this.#header = 0
    }
  }
}
