import type { z } from 'zod'
import { nearest } from './nearest.ts'
import type { Path } from './problem.ts'
import { expectation, keysAt, type Shape, shapesAt } from './shape.ts'

/** What a schema found wrong, in words. `part` says whether the key or its value is at fault. */
export type Finding = Readonly<{
  path: Path
  part: 'key' | 'value'
  message: string
  remedy: string | undefined
}>

type Issue = z.core.$ZodIssue

/** What stands at `path` of a plain value; undefined when nothing does. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    root,
  )
}

/** In a file with secrets, other text than this where a key belongs may be a piece of one, after a missing quote. */
const KEY_LIKE = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/

/** `key` undefined: it must not be shown. */
function unknownKey(shape: Shape, parent: Path, key: string | undefined): Finding {
  const valid = keysAt(shape, parent)
  if (key === undefined) {
    const remedy = 'is a quote missing around a value with a comma or colon?'
    return { path: parent, part: 'key', message: 'holds an unknown key', remedy }
  }
  const elsewhere = valid.includes(key)
  const remedy = elsewhere ? 'remove it, or change the kind of this entry' : placeOf(shape, valid, key)
  const message = elsewhere ? 'does not apply to this kind of entry' : 'unknown key'
  return { path: [...parent, key], part: 'key', message, remedy }
}

/** What to do with a key that is not one of `valid`: the same one in another group is meant rather than a similar one here. */
function placeOf(shape: Shape, valid: readonly string[], key: string): string {
  const groups = keysAt(shape, []).filter((group) => keysAt(shape, [group]).includes(key))
  if (groups.length > 0) return `it belongs below ${groups.join(' or ')}`
  const guess = nearest(key, valid)
  return guess === undefined ? `the keys here are ${valid.join(', ')}` : `did you mean ${guess}?`
}

function written(value: unknown): string {
  // JSON has no number without an end.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Our own schemas' messages start like this; a validator's own wording is replaced. */
const OWN_WORDS = /^expected /

function wrongValue(issue: Issue, expected: string, path: Path, value: unknown): Finding {
  const wanted = OWN_WORDS.test(issue.message) ? issue.message : `expected ${expected}`
  const message = value === undefined ? `is missing: ${wanted}` : wanted
  return { path, part: 'value', message, remedy: undefined }
}

/** Of a union's branches, the one whose complaint lies deepest is the one that was meant. */
function innerIssues(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return []
  const depth = (branch: readonly Issue[]) => Math.max(0, ...branch.map((inner) => inner.path.length))
  const [meant] = [...issue.errors].sort((a, b) => depth(b) - depth(a))
  return meant !== undefined && depth(meant) > 0 ? meant : []
}

function isPathPart(part: PropertyKey): part is string | number {
  return typeof part !== 'symbol'
}

/**
 * Puts a schema's issues into words, with the nearest valid key for an unknown one. `showValues` false keeps what was
 * written out of the messages, for files that hold secrets.
 */
export function explain(
  shape: Shape,
  issues: readonly Issue[],
  root: unknown,
  showValues: boolean,
): readonly Finding[] {
  return issues.flatMap((issue): readonly Finding[] => {
    const path = issue.path.filter(isPathPart)
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) =>
        unknownKey(shape, path, showValues || KEY_LIKE.test(key) ? key : undefined),
      )
    }
    if (issue.code === 'invalid_key') {
      const message = issue.issues[0]?.message ?? issue.message
      return [{ path, part: 'key', message, remedy: undefined }]
    }
    const inner = innerIssues(issue).map((one) => ({ ...one, path: [...path, ...one.path] }))
    if (inner.length > 0) return explain(shape, inner, root, showValues)
    const value = valueAt(root, path)
    const finding = wrongValue(issue, expectation(shapesAt(shape, path)), path, value)
    if (!showValues || value === undefined) return [finding]
    return [{ ...finding, message: `${finding.message}, found ${written(value)}` }]
  })
}
