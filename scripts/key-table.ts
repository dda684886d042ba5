// Renders every key of a schema as a table for the documentation.
import { type ConfigKey, entryKeys, keysBelow } from '../src/config/keys.ts'
import type { Path } from '../src/yaml/problem.ts'
import { expectation, type Shape, shapesAt } from '../src/yaml/shape.ts'

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/Ms$/, 'milliseconds'],
  [/Seconds$/, 'seconds'],
  [/Hours$/, 'hours'],
  [/Minutes$/, 'minutes'],
  [/Bytes$/, 'bytes'],
  [/KiBPerSecond$/, 'KiB/s'],
  [/KiB$/, 'KiB'],
  [/MiB$/, 'MiB'],
  [/Bits$/, 'bits'],
]

/** The unit stands in the key's name, so that a file can be read without the documentation. */
function unitOf(key: ConfigKey): string {
  return UNITS.find(([end]) => end.test(key.path.at(-1) ?? ''))?.[1] ?? ''
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function initial({ shape, required }: ConfigKey): string {
  const { default: value } = shape
  if (value === undefined) return required ? 'required' : 'none'
  const long = Array.isArray(value) && value.some((entry) => typeof entry === 'object')
  return long ? `${value.length} entries` : `\`${JSON.stringify(value)}\``
}

/** `place` is where the key stands in a document, a list's first entry standing for all. */
function allowed(root: Shape, place: Path): string {
  const shapes = shapesAt(root, place)
  const text = expectation(shapes)
  return shapes.some((shape) => shape.format === 'path') ? text.replace('text', 'a path') : text
}

function row(root: Shape, key: ConfigKey, place: Path): readonly string[] {
  const name = place.map((part) => (part === 0 ? '[]' : `.${part}`)).join('')
  const meaning = key.shape.description ?? ''
  return [`\`${name.slice(1)}\``, initial(key), allowed(root, place), unitOf(key), meaning].map(cell)
}

function rows(root: Shape, key: ConfigKey, place: Path = key.path): readonly (readonly string[])[] {
  const inner = entryKeys(key.shape).flatMap((entry) => rows(root, entry, [...place, 0, ...entry.path]))
  return [row(root, key, place), ...inner]
}

/** The table of all keys below `root`, its columns padded as the formatter wants them. */
export function renderKeyTable(root: Shape): string {
  const head = ['Key', 'Default', 'Allowed', 'Unit', 'Meaning']
  const body = keysBelow(root).flatMap((key) => rows(root, key))
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return `${[line(head), rule, ...body.map(line)].join('\n')}\n`
}
