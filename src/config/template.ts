import { stringify } from 'yaml'
import type { Shape } from '../yaml/shape.ts'
import { entryKeys, isGroup } from './keys.ts'
import { configShape } from './schema.ts'

const COMMENT_WIDTH = 100
const INDENT = '  '

const HEADER = `Configuration of the file transfer server. Every key is here with its default; what is left out has that default too.
Check an edit with: sallyport check`

/** Comment lines no wider than a screen. */
function comment(text: string, indent: string): string {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`
      if (longer.length + indent.length > COMMENT_WIDTH && line !== '') {
        lines.push(line)
        line = word
      } else line = longer
    }
    lines.push(line)
  }
  return lines.map((line) => `${indent}# ${line}\n`).join('')
}

function indented(text: string, indent: string): string {
  return text.replaceAll(/^(?=.)/gm, indent)
}

function value(shape: Shape): string {
  return stringify(shape.default, { singleQuote: true, lineWidth: 0 })
}

function entryComment(shape: Shape, indent: string): string {
  const keys = entryKeys(shape)
  if (keys.length === 0) return ''
  return keys
    .map((key) => comment(`  ${key.path.join('.')}: ${key.shape.description ?? ''}`, indent))
    .join('')
}

function key(name: string, shape: Shape, indent: string): string {
  const text = value(shape)
  const block = Array.isArray(shape.default) && shape.default.length > 0
  const written = block ? `${name}:\n${indented(text, INDENT)}` : `${name}: ${text}`
  return comment(shape.description ?? '', indent) + entryComment(shape, indent) + indented(written, indent)
}

function group(shape: Shape, indent: string): string {
  return Object.entries(shape.properties ?? {})
    .map(([name, child]) =>
      isGroup(child)
        ? `${comment(child.description ?? '', indent)}${indent}${name}:\n${group(child, indent + INDENT)}`
        : key(name, child, indent),
    )
    .join(indent === '' ? '\n' : '')
}

/** A complete `sallyport.yaml`; loading it gives exactly the defaults. */
export function renderDefaultConfig(): string {
  return `${comment(HEADER, '')}\n${group(configShape, '')}`
}
