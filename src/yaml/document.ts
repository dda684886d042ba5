import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import type { Path, Place, Problem } from './problem.ts'

/** Aliases may repeat content this often in total; more is an attempt to fill the memory. */
const MAX_ALIASES = 100

/** One YAML file as read: the plain value, and where in the text each part of it stands. */
export type YamlText = Readonly<{
  document: Document
  /** Undefined for an empty file. */
  value: unknown
  /** Where the value at `path` stands, or its key; the nearest enclosing place when it is absent. */
  placeOf(path: Path, part: 'key' | 'value'): Place
  problems: readonly Problem[]
}>

const HEADLINES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'the file holds more than one YAML document; remove the lines with ---',
  TAB_AS_INDENT: 'a tab is used to indent; use spaces',
}

const TWICE = 'this key stands twice in the same group; keep one of them'

/** Offsets of keys that repeat an earlier one. The parser's own check takes quadratic time on a long list of users. */
function repeatedKeys(document: Document): readonly number[] {
  const offsets: number[] = []
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) offsets.push(key.range?.[0] ?? 0)
        seen.add(key.value)
      }
    },
  })
  return offsets
}

function keyNode(document: Document, path: Path): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const last = path.at(-1)
  if (!isMap(parent)) return undefined
  const key = parent.items.find((pair) => isScalar(pair.key) && pair.key.value === last)?.key
  return isNode(key) ? key : undefined
}

function offsetOf(document: Document, path: Path, part: 'key' | 'value'): number {
  for (let length = path.length; length > 0; length -= 1) {
    const prefix = path.slice(0, length)
    const value = document.getIn(prefix, true)
    const wantsValue = length === path.length && part === 'value' && isNode(value) && !isCollection(value)
    const node = wantsValue ? value : (keyNode(document, prefix) ?? value)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

function plainValue(document: Document): { value: unknown; error: string | undefined } {
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) ?? undefined, error: undefined }
  } catch (error) {
    return { value: undefined, error: error instanceof Error ? error.message : String(error) }
  }
}

/** The parser goes on after a mistake and finds others in the same spot, which are none. */
function firstOfEachPlace(errors: Document['errors']): Document['errors'] {
  return errors.filter(({ pos }, index) => errors.findIndex((other) => other.pos[0] === pos[0]) === index)
}

function notYaml(message: string): string {
  return `this is not valid YAML: ${message}; look for a missing colon or quote, or a line indented otherwise`
}

/** Reads `text`; never throws. With problems of its own the value is not worth looking at. */
export function readYaml(text: string, file: string): YamlText {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
  })
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { kind: 'file', file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problem = (place: Place, message: string): Problem => ({
    place,
    path: '',
    message,
    remedy: undefined,
  })
  const problems = firstOfEachPlace(document.errors).map((error) =>
    problem(at(error.pos[0]), HEADLINES[error.code] ?? notYaml(error.message)),
  )
  if (problems.length === 0) {
    for (const offset of repeatedKeys(document)) problems.push(problem(at(offset), TWICE))
  }
  const { value, error } = problems.length > 0 ? { value: undefined, error: undefined } : plainValue(document)
  if (error !== undefined) problems.push(problem(at(0), `the YAML cannot be expanded: ${error}`))
  return { document, value, placeOf: (path, part) => at(offsetOf(document, path, part)), problems }
}
