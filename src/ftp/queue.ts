import { type Command, parseCommand } from './dispatch.ts'
import type { LineItem } from './line-reader.ts'

const NONE: LineItem[] = []

export function isCommand(item: LineItem, verb: string): boolean {
  return item.kind === 'line' && parseCommand(item.text).verb === verb
}

/** Commands that wait behind the running one, in the order in which they came. */
export class CommandQueue {
  #items = NONE

  get length(): number {
    return this.#items.length
  }

  push(item: LineItem): void {
    if (this.#items === NONE) this.#items = [item]
    else this.#items.push(item)
  }

  shift(): LineItem | undefined {
    if (this.#items === NONE) return undefined
    const item = this.#items.shift()
    // An idle session keeps no list.
    if (this.#items.length === 0) this.#items = NONE
    return item
  }

  clear(): void {
    this.#items = NONE
  }

  has(verb: string): boolean {
    return this.#items.some((item) => isCommand(item, verb))
  }

  /** Takes the first entry out if it is a command that `wanted` accepts. */
  shiftIf(wanted: (command: Command) => boolean): Command | undefined {
    const head = this.#items[0]
    if (head?.kind !== 'line') return undefined
    const command = parseCommand(head.text)
    if (!wanted(command)) return undefined
    this.shift()
    return command
  }
}
