/** Names that begin so belong to the drivers: never listed, never reachable by a path. */
export const RESERVED_PREFIX = '.sp~'

export function isReserved(name: string): boolean {
  return name.startsWith(RESERVED_PREFIX)
}
