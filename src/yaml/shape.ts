import { z } from 'zod'
import type { Path } from './problem.ts'

/** The part of JSON Schema that our schemas come out as. It is how other code looks into a schema. */
export type Shape = Readonly<{
  type?: string | readonly string[]
  properties?: Readonly<Record<string, Shape>>
  additionalProperties?: Shape | boolean
  required?: readonly string[]
  items?: Shape
  anyOf?: readonly Shape[]
  oneOf?: readonly Shape[]
  enum?: readonly unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  default?: unknown
  description?: string
  format?: string
}>

/** What may be written, as data. Values after transformation are not described. */
export function shapeOf(schema: z.ZodType): Shape {
  return z.toJSONSchema(schema, { io: 'input' }) as Shape
}

/** The alternatives of a union, or the shape itself. */
export function alternatives(shape: Shape): readonly Shape[] {
  const branches = shape.anyOf ?? shape.oneOf
  return branches === undefined ? [shape] : branches.flatMap(alternatives)
}

function step(shape: Shape, part: string | number): readonly Shape[] {
  return alternatives(shape).flatMap((branch) => {
    if (typeof part === 'number') return branch.items === undefined ? [] : [branch.items]
    const named = branch.properties?.[part]
    if (named !== undefined) return [named]
    return typeof branch.additionalProperties === 'object' ? [branch.additionalProperties] : []
  })
}

/** Every shape that a value at `path` may have; empty when nothing may stand there. */
export function shapesAt(root: Shape, path: Path): readonly Shape[] {
  let shapes: readonly Shape[] = [root]
  for (const part of path) shapes = shapes.flatMap((shape) => step(shape, part))
  return shapes.flatMap(alternatives)
}

/** The keys that may stand in the mapping at `path`. */
export function keysAt(root: Shape, path: Path): readonly string[] {
  return [...new Set(shapesAt(root, path).flatMap((shape) => Object.keys(shape.properties ?? {})))]
}

function wholeNumber(shape: Shape): string {
  const { minimum, maximum } = shape
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  if (minimum !== undefined && bounded) return `a whole number from ${minimum} to ${maximum}`
  return minimum === undefined ? 'a whole number' : `a whole number, ${minimum} or more`
}

function oneShape(shape: Shape): readonly string[] {
  if (shape.enum !== undefined) return shape.enum.map(String)
  if (shape.const !== undefined) return [String(shape.const)]
  const types = Array.isArray(shape.type) ? shape.type : [shape.type]
  return types.map((type: string) => {
    if (type === 'integer') return wholeNumber(shape)
    if (type === 'boolean') return 'true or false'
    if (type === 'string') return 'text'
    if (type === 'array') return 'a list'
    if (type === 'object') return 'a group of keys'
    return type === undefined ? 'a value' : type
  })
}

/** What may be written there, in words: `a whole number from 1 to 65535`, `explicit or implicit`. */
export function expectation(shapes: readonly Shape[]): string {
  const words = [...new Set(shapes.flatMap(oneShape))]
  const last = words.pop()
  return words.length === 0 ? (last ?? 'nothing') : `${words.join(', ')} or ${last}`
}
