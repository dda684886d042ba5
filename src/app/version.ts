import { createRequire } from 'node:module'

const manifest: unknown = createRequire(import.meta.url)('../../package.json')

/** Of the package; never said on the wire. */
export const version: string =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown'
