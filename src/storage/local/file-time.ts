/** For `utimes` and the like. Node takes a number before 1970 for a wrong one and sets the present; a Date it believes. */
export function fileTime(ms: number): number | Date {
  return ms < 0 ? new Date(ms) : ms / 1000
}
