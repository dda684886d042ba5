/** Longer patterns are no names anybody has. */
const MAX_PATTERN = 255

export function isPattern(text: string): boolean {
  return text.length <= MAX_PATTERN && /[*?]/.test(text)
}

/** `*` and `?` only. Goes back to the last `*` alone, so that time is bounded by name times pattern. */
export function matchesPattern(pattern: string, name: string): boolean {
  let [at, star, mark] = [0, -1, 0]
  for (let i = 0; i < name.length; ) {
    const wanted = pattern[at]
    if (wanted === '*') {
      star = at
      mark = i
      at += 1
    } else if (wanted === '?' || wanted === name[i]) {
      at += 1
      i += 1
    } else if (star >= 0) {
      at = star + 1
      mark += 1
      i = mark
    } else return false
  }
  return /^\**$/.test(pattern.slice(at))
}
