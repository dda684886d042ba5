import { CommanderError } from 'commander'
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, toOperatorError, UsageError } from './failure.ts'
import { buildProgram } from './program.ts'
import type { AppServices } from './services.ts'
import { createSettings } from './settings.ts'
import { VERBS } from './table.ts'
import type { Terminal } from './terminal.ts'

export type RunOptions = Readonly<{
  /** Without the runtime and the script. */
  args: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  terminal: Terminal
  services: AppServices
}>

/** Runs one command line and resolves to its exit code; never rejects. */
export async function runCli({ args, env, terminal, services }: RunOptions): Promise<number> {
  let exitCode = EXIT_OK
  const program = buildProgram(VERBS, terminal, async (verb, input) => {
    const settings = createSettings({ config: input.text('config'), overrides: input.list('set'), env })
    exitCode = (await verb.run(input, { terminal, services, settings })) ?? EXIT_OK
  })
  program.version(services.version, '-V, --version', 'print the version')
  try {
    if (args.length === 0) program.help({ error: true })
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    return report(error, terminal)
  }
}

/** One message and its remedy. A defect of the program itself shows where it happened: its text is for a bug report. */
function report(error: unknown, terminal: Terminal): number {
  // Commander has printed its own message and usage by now.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE
  const known = toOperatorError(error)
  if (known === undefined) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    terminal.err(`Something in Sallyport itself went wrong. Please report this:\n${detail}`)
    return EXIT_FAILED
  }
  terminal.err(known.message)
  terminal.err(`  ${known.remedy}`)
  return known instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
}
