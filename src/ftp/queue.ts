import { type Command, parseCommand } from './dispatch.ts'
import type { LineItem } from './line-reader.ts'

/** Commands that wait behind the running one, in the order in which they came. */
export type CommandQueue = {
  readonly length: number
  push(item: LineItem): void
  shift(): LineItem | undefined
  clear(): void
  has(verb: string): boolean
  /** Takes the first entry out if it is a command that `wanted` accepts. */
  shiftIf(wanted: (command: Command) => boolean): Command | undefined
}

export function createCommandQueue(): CommandQueue {
  let items: LineItem[] = []
  return {
    get length() {
      return items.length
    },
    push: (item) => {
      items.push(item)
    },
    shift: () => items.shift(),
    clear: () => {
      items = []
    },
    has: (verb) => items.some((item) => item.kind === 'line' && parseCommand(item.text).verb === verb),
    shiftIf(wanted) {
      const head = items[0]
      if (head?.kind !== 'line') return undefined
      const command = parseCommand(head.text)
      if (!wanted(command)) return undefined
      items.shift()
      return command
    },
  }
}
