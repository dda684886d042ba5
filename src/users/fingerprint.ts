/** A fingerprint in one form, however it was written: lower-case hex without colons. */
export function bareHex(text: string): string {
  return text.replaceAll(':', '').toLowerCase()
}
