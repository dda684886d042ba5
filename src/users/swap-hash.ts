import type { Clock } from '../core/ports.ts'
import { withLockedText } from './locked-text.ts'
import { passwordFlaw } from './password-format.ts'

/** A hash in a block of its own line, quoted or not. In `{ }` a new hash might need quotes that the old one did not. */
const BEFORE = /(?:^|\n)[ \t]+password:[ \t]+(['"]?)$/
const AFTER = /^(['"]?)[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/

/**
 * The text with one hash in place of another; undefined unless the old one stands there exactly once, as a password.
 * A hash has its own salt, so that once means whose it is.
 */
export function swapHash(text: string, oldHash: string, newHash: string): string | undefined {
  const at = text.indexOf(oldHash)
  if (at < 0 || text.indexOf(oldHash, at + 1) >= 0 || passwordFlaw(newHash) !== undefined) return undefined
  const before = text.slice(0, at)
  const after = text.slice(at + oldHash.length)
  const opening = BEFORE.exec(before.slice(before.lastIndexOf('\n', at - 1)))?.[1]
  const closing = AFTER.exec(after.slice(0, after.indexOf('\n') + 1 || undefined))?.[1]
  if (opening === undefined || opening !== closing) return undefined
  return before + newHash + after
}

/**
 * Swaps a hash without reading the file as YAML, which takes long for many users and happens at a login. Only if the
 * file is in `state`, whose meaning the caller knows. Gives the new state; undefined when the swap is not that simple.
 */
export async function swapStoredHash(
  file: string,
  clock: Clock,
  swap: Readonly<{ state: string; oldHash: string; newHash: string }>,
): Promise<string | undefined> {
  return withLockedText(file, clock, async ({ text, state, replace }) => {
    if (text === undefined || state !== swap.state) return undefined
    const next = swapHash(text, swap.oldHash, swap.newHash)
    return next === undefined ? undefined : replace(next)
  })
}
