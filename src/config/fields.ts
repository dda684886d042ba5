import { z } from 'zod'

/** A whole number with its range; the unit stands at the end of the key's name. */
export function whole(minimum: number, maximum: number, initial: number, description: string) {
  return z.int().min(minimum).max(maximum).default(initial).describe(description)
}

export function flag(initial: boolean, description: string) {
  return z.boolean().default(initial).describe(description)
}

export const MAX_PORT = 65_535
export const DAY_SECONDS = 86_400
