const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/

/**
 * A date, which counts to its end in UTC, or a moment with its offset. Undefined for other text and for days that no
 * calendar has.
 */
export function parseInstant(text: string): Date | undefined {
  const day = text.slice(0, 10)
  const start = new Date(`${day}T00:00:00.000Z`)
  // Date takes 31 February for 3 March; only a day that comes back unchanged exists.
  if (Number.isNaN(start.getTime()) || start.toISOString().slice(0, 10) !== day) return undefined
  if (DATE.test(text)) return new Date(`${day}T23:59:59.999Z`)
  if (!TIME.test(text)) return undefined
  const moment = new Date(text)
  return Number.isNaN(moment.getTime()) ? undefined : moment
}
