import { createRequire } from 'node:module'

/** Asks ssh2 itself which ciphers it uses, so that the answer cannot differ from what runs. */
export function cipherAddonLoaded(): boolean {
  const crypto: unknown = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js')
  return (
    typeof crypto === 'object' &&
    crypto !== null &&
    'bindingAvailable' in crypto &&
    crypto.bindingAvailable === true
  )
}
