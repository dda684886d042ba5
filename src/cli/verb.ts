import type { AppServices } from './services.ts'
import type { Settings } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** The chapters of `sallyport --help`, in their order. */
export const GROUPS = ['Serve', 'Look', 'Users', 'One-time codes and keys', 'About'] as const
export type Group = (typeof GROUPS)[number]

export type ArgumentRow = Readonly<{
  /** As commander writes it: `<name>` is needed, `[name]` is not. */
  syntax: string
  help: string
}>

export type OptionRow = Readonly<{
  /** As commander writes it, such as `--home <dir>`. */
  flags: string
  help: string
  choices?: readonly string[]
  /** May be given more than once; the values are collected. */
  repeat?: boolean
  required?: boolean
}>

/** What was typed, by the names in the verb's rows. */
export type Input = Readonly<{
  argument(index: number): string
  flag(name: string): boolean
  text(name: string): string | undefined
  list(name: string): readonly string[]
}>

export type Context = Readonly<{
  terminal: Terminal
  services: AppServices
  settings: Settings
}>

/** One row of the command table. `run` resolves to the exit code, or to nothing for 0. */
export type Verb = Readonly<{
  /** One or two words, such as `check` or `user add`. */
  path: string
  group: Group
  summary: string
  details?: string
  args?: readonly ArgumentRow[]
  options?: readonly OptionRow[]
  run(input: Input, context: Context): Promise<number | undefined>
}>

export const JSON_OPTION: OptionRow = { flags: '--json', help: 'print JSON for programs' }
