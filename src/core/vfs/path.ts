import { FileServerError } from '../errors.ts'

declare const brand: unique symbol

/** Absolute, normalised, without `.`, `..`, NUL or a trailing slash (but `/` itself). Made by this file only. */
export type VirtualPath = string & { readonly [brand]: 'VirtualPath' }

export const ROOT = '/' as VirtualPath

/** What Linux takes: PATH_MAX and NAME_MAX in bytes. The depth bounds the work that one path can ask for. */
export const PATH_LIMITS = { pathBytes: 4096, nameBytes: 255, depth: 256 } as const

/** UTF-8 needs at most three bytes per UTF-16 unit, so shorter texts need no count. */
const BYTES_PER_UNIT = 3

/** Names of ASCII with single slashes between them, none of them `.` or `..`: such a path stays as it is. */
const PLAIN = /^\/?(?:(?!\.{1,2}(?:\/|$))[ -.0-~]+(?:\/(?!$)|$))+$/
/** No path of so few characters reaches any limit. */
const SHORT = PATH_LIMITS.nameBytes

const utf8 = new TextEncoder()

function tooLong(text: string, maxBytes: number): boolean {
  if (text.length * BYTES_PER_UNIT <= maxBytes) return false
  return text.length > maxBytes || utf8.encode(text).length > maxBytes
}

function refuse(why: string): never {
  throw new FileServerError('path.invalid', why)
}

/** U+FFFD is what decoders put where bytes were not UTF-8: such a path can't name what the client meant. */
function checkText(text: string): void {
  if (text.includes('\0')) refuse('path holds NUL')
  if (text.includes('\uFFFD') || !text.isWellFormed()) refuse('path is not UTF-8')
}

function checkName(name: string): void {
  if (tooLong(name, PATH_LIMITS.nameBytes)) refuse('name is too long')
}

function apply(components: string[], input: string): void {
  for (const part of input.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      components.pop()
      continue
    }
    checkName(part)
    components.push(part)
  }
}

/**
 * Text from the wire to a path, seen from `cwd`; the only maker of VirtualPath out of foreign text. `..` is taken by
 * name and stops at the root. Throws path.invalid for NUL, text that was not UTF-8, names, paths and depths over the limits.
 */
export function resolveVirtual(cwd: VirtualPath, input: string): VirtualPath {
  if (input.length + cwd.length < SHORT && PLAIN.test(input)) {
    const start = input.startsWith('/') ? '' : cwd === ROOT ? '/' : `${cwd}/`
    return `${start}${input}` as VirtualPath
  }
  if (input.length > PATH_LIMITS.pathBytes) refuse('path is too long')
  checkText(input)
  const components = input.startsWith('/') || cwd === ROOT ? [] : cwd.slice(1).split('/')
  apply(components, input)
  if (components.length > PATH_LIMITS.depth) refuse('path is too deep')
  const path = `/${components.join('/')}`
  if (tooLong(path, PATH_LIMITS.pathBytes)) refuse('path is too long')
  return path as VirtualPath
}

/** The directory that holds `path`; the root holds itself. */
export function parentOf(path: VirtualPath): VirtualPath {
  const slash = path.lastIndexOf('/')
  return (slash <= 0 ? ROOT : path.slice(0, slash)) as VirtualPath
}

/** The last component; the root's is `/`. */
export function nameOf(path: VirtualPath): string {
  return path === ROOT ? '/' : path.slice(path.lastIndexOf('/') + 1)
}

/** `name` inside `directory`; throws path.invalid when it is not one plain name. */
export function join(directory: VirtualPath, name: string): VirtualPath {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) refuse('not a plain name')
  return resolveVirtual(directory, name)
}

/** True when `path` is `directory` or lies below it. */
export function isWithin(directory: VirtualPath, path: VirtualPath): boolean {
  return directory === ROOT || path === directory || path.startsWith(`${directory}/`)
}
