import type { NativePart } from '../services.ts'

export function nativeLine(parts: readonly NativePart[]): string {
  const words = parts.map(({ name, state, without }) =>
    state === 'present' ? `${name} (present)` : `${name} (${state}: ${without})`,
  )
  return `Native parts: ${words.join(', ')}.`
}
