declare const brand: unique symbol

/** Absolute, normalised, without `.`, `..`, NUL or a trailing slash (but `/` itself). Made by `resolveVirtual` only. */
export type VirtualPath = string & { readonly [brand]: 'VirtualPath' }

export const ROOT = '/' as VirtualPath
