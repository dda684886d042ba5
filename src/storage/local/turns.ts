/** Partials that are looked at or removed before others get their turn. */
export const TURN_PARTIALS = 64

/** Resolves when everybody else has had their turn of the event loop. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
