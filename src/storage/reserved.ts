/** Names that begin so belong to the drivers: never listed, never reachable by a path. */
export const RESERVED_PREFIX = '.sp~'

const ASCII_END = 0x80
/** What file systems that make no difference between cases pass over in a name. */
const PASSED_OVER = /\p{Default_Ignorable_Code_Point}/gu

/**
 * Whether a file system may take the name for a reserved one: some make no difference between `.SP~` and `.sp~`, nor between
 * `s` and the long `ſ`.
 */
export function isReserved(name: string): boolean {
  for (let index = 0; index < RESERVED_PREFIX.length; index += 1) {
    const code = name.charCodeAt(index)
    if (code >= ASCII_END) return isLikeReserved(name)
    if (code === RESERVED_PREFIX.charCodeAt(index)) continue
    // A small letter and its capital differ in one bit.
    const isLetter = index === 1 || index === 2
    if (!isLetter || (code | 0x20) !== RESERVED_PREFIX.charCodeAt(index)) return false
  }
  return true
}

function isLikeReserved(name: string): boolean {
  const plain = name.normalize('NFD').replace(PASSED_OVER, '')
  return plain.toUpperCase().startsWith(RESERVED_PREFIX.toUpperCase())
}
