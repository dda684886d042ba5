#!/usr/bin/env node
import { services } from './app.ts'
import { runCli } from './cli/run.ts'
import { createTerminal } from './cli/terminal.ts'

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  terminal: createTerminal(process),
  services,
})
