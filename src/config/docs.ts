import type { Path } from '../yaml/problem.ts'
import { expectation, type Shape, shapesAt } from '../yaml/shape.ts'
import { CONFIG_KEYS, type ConfigKey, entryKeys } from './keys.ts'
import { configShape } from './schema.ts'

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/Ms$/, 'milliseconds'],
  [/Seconds$/, 'seconds'],
  [/Hours$/, 'hours'],
  [/KiB$/, 'KiB'],
]

/** The unit stands in the key's name, so that a file can be read without the documentation. */
function unitOf(key: ConfigKey): string {
  return UNITS.find(([end]) => end.test(key.path.at(-1) ?? ''))?.[1] ?? ''
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function initial(shape: Shape): string {
  if (shape.default === undefined) return 'required'
  return entryKeys(shape).length > 0 ? 'three, see the template' : `\`${JSON.stringify(shape.default)}\``
}

/** `place` is where the key stands in a document, a list's first entry standing for all. */
function allowed(place: Path): string {
  const shapes = shapesAt(configShape, place)
  const text = expectation(shapes)
  return shapes.some((shape) => shape.format === 'path') ? text.replace('text', 'a path') : text
}

function row(key: ConfigKey, place: Path): readonly string[] {
  const name = place.map((part) => (part === 0 ? '[]' : `.${part}`)).join('')
  const meaning = key.shape.description ?? ''
  return [`\`${name.slice(1)}\``, initial(key.shape), allowed(place), unitOf(key), meaning].map(cell)
}

function rows(key: ConfigKey): readonly (readonly string[])[] {
  const inner = entryKeys(key.shape).map((entry) => row(entry, [...key.path, 0, ...entry.path]))
  return [row(key, key.path), ...inner]
}

/** The table of all keys for docs/configuration.md, its columns padded as the formatter wants them. */
export function renderKeyTable(): string {
  const head = ['Key', 'Default', 'Allowed', 'Unit', 'Meaning']
  const body = CONFIG_KEYS.flatMap(rows)
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return `${[line(head), rule, ...body.map(line)].join('\n')}\n`
}
