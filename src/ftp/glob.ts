/** Longer patterns are no names anybody has. */
const MAX_PATTERN = 255

export function isPattern(text: string): boolean {
  return text.length <= MAX_PATTERN && /[*?]/.test(text)
}
