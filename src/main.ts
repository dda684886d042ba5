#!/usr/bin/env node
import { runtimeProblem } from './cli/runtime.ts'

// A reload that comes during the start must not end it, as it would by default: what is being read is new. Other commands
// end with their terminal.
if (process.argv.includes('serve')) process.on('SIGHUP', () => undefined)

const problem = runtimeProblem(process.versions.node)
if (problem === undefined) {
  // Not before: an older Node fails at modules that it does not have, with a trace in place of a reason.
  const [{ services }, { runCli }, { createTerminal }] = await Promise.all([
    import('./app.ts'),
    import('./cli/run.ts'),
    import('./cli/terminal.ts'),
  ])
  process.exitCode = await runCli({
    args: process.argv.slice(2),
    env: process.env,
    terminal: createTerminal(process),
    services,
  })
} else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}
