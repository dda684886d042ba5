/** Bytes as decimal digits alone; undefined for anything else and for what a number cannot hold exactly. */
export function parseOffset(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
