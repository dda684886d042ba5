import type { Input } from './verb.ts'

/** Typed access to what commander parsed. A name that the verb has no row for reads as not given. */
export function createInput(args: readonly unknown[], options: Readonly<Record<string, unknown>>): Input {
  const strings = (value: unknown) =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  return {
    argument: (index) => {
      const value = args[index]
      return typeof value === 'string' ? value : ''
    },
    flag: (name) => options[name] === true,
    text: (name) => {
      const value = options[name]
      return typeof value === 'string' ? value : undefined
    },
    list: (name) => strings(options[name]),
  }
}
