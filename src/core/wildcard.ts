/**
 * Whether all of `text` fits: `*` is any text, `?` any character, all else itself. Goes back to the last `*` alone, so
 * that time is bounded by text times pattern, whatever the pattern.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  let [at, star, mark] = [0, -1, 0]
  for (let read = 0; read < text.length; ) {
    const wanted = pattern[at]
    if (wanted === '*') {
      star = at
      mark = read
      at += 1
    } else if (wanted === '?' || wanted === text[read]) {
      at += 1
      read += 1
    } else if (star >= 0) {
      at = star + 1
      mark += 1
      read = mark
    } else return false
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}
