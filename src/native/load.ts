import { createRequire } from 'node:module'
import { NATIVE_FUNCTIONS, type Native } from './native.ts'

/** From src/ in a checkout and from dist/ in a package alike. */
const ADDON = '../../native/build/sallyport.node'

function isNative(loaded: unknown): loaded is Native {
  if (typeof loaded !== 'object' || loaded === null) return false
  return Object.keys(NATIVE_FUNCTIONS).every((name) => typeof Reflect.get(loaded, name) === 'function')
}

/** The addon, or undefined where it was not built, or not for this machine, or from other sources. */
export function loadNative(): Native | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)(ADDON)
    return isNative(loaded) ? loaded : undefined
  } catch {
    return undefined
  }
}
