import { createRequire } from 'node:module'

export type NativePart = Readonly<{
  name: string
  loaded: boolean
  /** What its absence costs, for the line at start. */
  without: string
}>

/** Asks ssh2 itself which ciphers it uses, so that the answer cannot differ from what runs. */
function cipherAddonLoaded(): boolean {
  const crypto: unknown = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js')
  return (
    typeof crypto === 'object' &&
    crypto !== null &&
    'bindingAvailable' in crypto &&
    crypto.bindingAvailable === true
  )
}

export function nativeParts(): readonly NativePart[] {
  return [
    { name: 'ssh2 ciphers', loaded: cipherAddonLoaded(), without: 'SFTP transfers cost about twice the CPU' },
  ]
}
