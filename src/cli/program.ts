import { Command, InvalidArgumentError, Option } from 'commander'
import { createInput } from './input.ts'
import { DEFAULT_CONFIG_FILE } from './settings.ts'
import type { Terminal } from './terminal.ts'
import { GROUPS, type Input, type OptionRow, type Verb } from './verb.ts'

/** Options that stand before or after any verb. */
export const GLOBAL_OPTIONS: readonly OptionRow[] = [
  { flags: '--config <file>', help: `the configuration to use (default: ${DEFAULT_CONFIG_FILE})` },
  { flags: '--set <key=value>', help: 'put this value in place of one in the configuration', repeat: true },
]

type Act = (verb: Verb, input: Input) => Promise<void>

/** Turns the table of verbs into a commander program that calls `act` for the verb that was typed. */
export function buildProgram(verbs: readonly Verb[], terminal: Terminal, act: Act): Command {
  const program = new Command('sallyport')
    .description('A secure file transfer server: FTP, FTPS and SFTP behind one guard.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .configureHelp({ visibleCommands: leaves, subcommandTerm: term, groupItems, showGlobalOptions: true })
    .helpCommand(false)
    .helpOption('-h, --help', 'show this text, or the help of one verb')
    .showHelpAfterError('(`sallyport --help` lists every verb; `sallyport <verb> --help` its options.)')
  for (const row of GLOBAL_OPTIONS) program.addOption(toOption(row))
  const families = new Map<string, Command>()
  for (const group of GROUPS) {
    for (const verb of verbs.filter((row) => row.group === group)) addVerb(program, families, verb, act)
  }
  return program
}

function addVerb(program: Command, families: Map<string, Command>, verb: Verb, act: Act): void {
  const words = verb.path.split(' ')
  const parent = words
    .slice(0, -1)
    .reduce((above, _, index) => family(above, families, words.slice(0, index + 1)), program)
  const command = parent
    .command(words.at(-1) ?? verb.path)
    .summary(verb.summary)
    .description([sentence(verb.summary), verb.details].filter((part) => part !== undefined).join('\n\n'))
    .helpGroup(`${verb.group}:`)
    .allowExcessArguments(false)
  for (const row of verb.args ?? []) command.argument(row.syntax, row.help)
  for (const row of verb.options ?? []) command.addOption(toOption(row))
  command.action(() => act(verb, createInput(command.args, command.optsWithGlobals())))
}

/** The command that verbs of several words share, such as `user` or `user key`. Without a verb it shows its help. */
function family(parent: Command, families: Map<string, Command>, words: readonly string[]): Command {
  const path = words.join(' ')
  const known = families.get(path)
  if (known !== undefined) return known
  const made = parent
    .command(words.at(-1) ?? path)
    .helpGroup('Users:')
    .usage('<verb> [options]')
  families.set(path, made)
  return made
}

/** A table of contents names the verbs themselves, not the families that they belong to. */
function leaves(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length > 0 ? leaves(child) : [child]))
}

/** Chapters in the order of their first verb. */
function groupItems<T extends Command | Option>(
  _all: T[],
  shown: T[],
  groupOf: (item: T) => string,
): Map<string, T[]> {
  return Map.groupBy(shown, groupOf)
}

function term(command: Command): string {
  const args = command.registeredArguments.map((row) =>
    row.required ? `<${row.name()}>` : `[${row.name()}]`,
  )
  return [pathOf(command), ...args].join(' ')
}

function pathOf(command: Command): string {
  const above = command.parent
  return above === null || above.parent === null ? command.name() : `${pathOf(above)} ${command.name()}`
}

function toOption(row: OptionRow): Option {
  const option = new Option(row.flags, row.repeat === true ? `${row.help}; repeatable` : row.help)
  if (row.choices !== undefined) option.choices([...row.choices])
  if (row.required === true) option.makeOptionMandatory()
  if (row.repeat === true) option.argParser(collect(row.choices))
  return option
}

function collect(choices: readonly string[] | undefined) {
  return (value: string, before: unknown): string[] => {
    if (choices !== undefined && !choices.includes(value)) {
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`)
    }
    return [...(Array.isArray(before) ? before : []), value]
  }
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}
