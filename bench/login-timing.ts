// Can an unknown user be told from a wrong password by time? Starts the fixture, tries both in turn on every door, and
// prints the medians. Run by hand: npx node bench/login-timing.ts [tries]
import { parseArgs } from 'node:util'
import { startFixture } from '../test/helpers/fixture.ts'
import { attemptLogin, ENCRYPTED_LISTENERS } from '../test/helpers/login-attempt.ts'

const DEFAULT_TRIES = '50'
/** The share by which the medians may differ. */
const ALLOWED = 0.1

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

const { positionals } = parseArgs({ allowPositionals: true })
const tries = Number(positionals[0] ?? DEFAULT_TRIES)
const options = ['login.failureDelayMs=0', 'login.lockout.user.after=0', 'login.lockout.address.after=0']
const fixture = await startFixture({ args: options.flatMap((option) => ['--set', option]) })
let worst = 0
try {
  for (const listener of ENCRYPTED_LISTENERS) {
    const times = { wrong: [] as number[], unknown: [] as number[] }
    for (let round = 0; round < tries; round += 1) {
      for (const [kind, user] of [
        ['wrong', 'main'],
        ['unknown', 'nobody-has-this'],
      ] as const) {
        const start = performance.now()
        await attemptLogin(fixture.info, listener, { user, password: 'not-the-password' })
        times[kind].push(performance.now() - start)
      }
    }
    const [wrong, unknown] = [median(times.wrong), median(times.unknown)]
    const difference = Math.abs(wrong - unknown) / Math.max(wrong, unknown)
    worst = Math.max(worst, difference)
    process.stdout.write(
      `${listener}: wrong password ${wrong.toFixed(1)} ms, unknown user ${unknown.toFixed(1)} ms, ` +
        `difference ${(difference * 100).toFixed(1)} % of ${tries} tries each\n`,
    )
  }
} finally {
  await fixture.stop()
}
process.stdout.write(`${worst < ALLOWED ? 'Within' : 'ABOVE'} the allowed ${ALLOWED * 100} %\n`)
if (worst >= ALLOWED) process.exitCode = 1
