import type { NativePart } from '../cli/services.ts'
import type { Config } from '../config/schema.ts'
import { loadNative } from '../native/load.ts'
import { NATIVE_PARTS, type Native } from '../native/native.ts'
import { cipherAddonLoaded } from '../sftp/cipher-addon.ts'

/** Our own addon, where it is there and wanted. */
export function nativeOf(config: Config): Native | undefined {
  return config.server.native ? loadNative() : undefined
}

/** Ours and those of packages. The switch is for ours: a package looks for its own. */
export function nativeParts(config: Config): readonly NativePart[] {
  const missing: NativePart['state'] = config.server.native ? 'absent' : 'off'
  const state: NativePart['state'] = nativeOf(config) === undefined ? missing : 'present'
  return [
    {
      name: 'ssh2 ciphers',
      state: cipherAddonLoaded() ? 'present' : 'absent',
      without: 'SFTP transfers cost about half as much CPU again',
    },
    ...Object.entries(NATIVE_PARTS).map(([name, without]) => ({ name, state, without })),
  ]
}
