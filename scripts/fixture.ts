// A real server on free loopback ports with known users, for end-to-end tests: prints one line of JSON when every
// listener is ready and runs until SIGTERM. fixture/options.ts has
// the options, fixture/serve.ts the output.
import { parseOptions } from './fixture/options.ts'
import { serveFixture } from './fixture/serve.ts'

try {
  await serveFixture(parseOptions(process.argv.slice(2)))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
