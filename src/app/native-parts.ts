import type { NativePart } from '../cli/services.ts'
import type { Config } from '../config/schema.ts'
import { nativeSocketsWork } from '../ftp/descriptor-net.ts'
import { nativeTlsWorks } from '../ftp/link-context.ts'
import { loadNative } from '../native/load.ts'
import { NATIVE_PARTS, type Native } from '../native/native.ts'
import { nativeCiphersWork } from '../sftp/ciphers/native-crypto.ts'

/** Our own addon, where it is there and wanted. */
export function nativeOf(config: Config): Native | undefined {
  return config.server.native ? loadNative() : undefined
}

/** Those that also need something of Node: that its OpenSSL can be reached, or its event loop. */
const WORKS: Readonly<Partial<Record<string, (native: Native) => boolean>>> = {
  'packet ciphers': nativeCiphersWork,
  'data connections': nativeSocketsWork,
  'encrypted data connections': nativeTlsWorks,
} satisfies Partial<Record<keyof typeof NATIVE_PARTS, (native: Native) => boolean>>

export function nativeParts(config: Config): readonly NativePart[] {
  const missing: NativePart['state'] = config.server.native ? 'absent' : 'off'
  const native = nativeOf(config)
  const state: NativePart['state'] = native === undefined ? missing : 'present'
  const stateOf = (name: string): NativePart['state'] =>
    native !== undefined && WORKS[name]?.(native) === false ? 'absent' : state
  return Object.entries(NATIVE_PARTS).map(([name, without]) => ({ name, state: stateOf(name), without }))
}
