import { loadNative } from '../../src/native/load.ts'

/** For tests that run with and without it. */
export const native = loadNative()

/** Where there is no compiler the addon's own tests are left out, by name. */
export const needsNative = {
  skip: native === undefined && process.env.CI === undefined ? 'the addon in native/ is not built' : false,
}
