/** Listings and replies have room for years of four digits; some file systems keep more, and Date does not know them all. */
const FIRST_MS = Date.parse('0000-01-01T00:00:00Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59Z')

/** The nearest time that can be shown: one strange file must not cost the listing of its folder. */
export function shownTime(ms: number): number {
  return Math.min(Math.max(ms, FIRST_MS), LAST_MS)
}
