// Can an unknown user be told from a known one by time? Starts the fixture, lets both be refused in turn on every door and
// by every method, and prints the medians. Run by hand: npx node bench/login-timing.ts [tries]
import { generateKeyPairSync } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { AnyAuthMethod } from 'ssh2'
import { ssh2 } from '../src/sftp/ssh2.ts'
import { type FixtureInfo, startFixture } from '../test/helpers/fixture.ts'
import { attemptLogin } from '../test/helpers/login-attempt.ts'

const DEFAULT_TRIES = '50'
/** The share by which the medians may differ. */
const ALLOWED = 0.1
const WRONG = 'not-the-password'
const KNOWN = 'main'
const UNKNOWN = 'nobody-has-this'

/** A key that is nobody's; every client may ask whether it would be taken. */
const KEY = generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
})

/** One SSH method as a client that is refused goes through it. */
const SSH_METHODS: Readonly<Record<string, (username: string) => AnyAuthMethod>> = {
  password: (username) => ({ type: 'password', username, password: WRONG }),
  'keyboard-interactive': (username) => ({
    type: 'keyboard-interactive',
    username,
    prompt: (_name, _text, _language, prompts, answer) => answer(prompts.map(() => WRONG)),
  }),
  'public key': (username) => ({ type: 'publickey', username, key: KEY }),
}

/** Milliseconds from the request of the method to its refusal, without the key exchange before it. */
function sshRefusal(info: FixtureInfo, method: AnyAuthMethod): Promise<number> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    let asked = 0
    client.on('error', reject)
    client.on('ready', () => reject(new Error('let in')))
    client.connect({
      host: info.host,
      port: info.sftp.port,
      username: method.username,
      authHandler: (_left, _partial, next) => {
        if (asked > 0) {
          resolve(performance.now() - asked)
          client.destroy()
        } else {
          asked = performance.now()
          next(method)
        }
      },
    })
  })
}

async function ftpRefusal(info: FixtureInfo, listener: 'ftpes' | 'ftps', user: string): Promise<number> {
  const start = performance.now()
  await attemptLogin(info, listener, { user, password: WRONG })
  return performance.now() - start
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Prints the medians of both kinds and gives the share by which they differ. */
async function compare(
  title: string,
  tries: number,
  refusal: (user: string) => Promise<number>,
): Promise<number> {
  const times = { known: [] as number[], unknown: [] as number[] }
  // The first of each pays for what is made once.
  for (const user of [KNOWN, UNKNOWN]) await refusal(user)
  for (let round = 0; round < tries; round += 1) {
    times.known.push(await refusal(KNOWN))
    times.unknown.push(await refusal(UNKNOWN))
  }
  const [known, unknown] = [median(times.known), median(times.unknown)]
  const difference = Math.abs(known - unknown) / Math.max(known, unknown)
  process.stdout.write(
    `${title}: known user ${known.toFixed(2)} ms, unknown user ${unknown.toFixed(2)} ms, ` +
      `difference ${(difference * 100).toFixed(1)} % of ${tries} tries each\n`,
  )
  return difference
}

const { positionals } = parseArgs({ allowPositionals: true })
const tries = Number(positionals[0] ?? DEFAULT_TRIES)
const options = ['login.failureDelayMs=0', 'login.lockout.user.after=0', 'login.lockout.address.after=0']
const fixture = await startFixture({ args: options.flatMap((option) => ['--set', option]) })
let worst = 0
try {
  for (const listener of ['ftpes', 'ftps'] as const)
    worst = Math.max(
      worst,
      await compare(listener, tries, (user) => ftpRefusal(fixture.info, listener, user)),
    )
  for (const [name, method] of Object.entries(SSH_METHODS))
    worst = Math.max(
      worst,
      await compare(`sftp, ${name}`, tries, (user) => sshRefusal(fixture.info, method(user))),
    )
} finally {
  await fixture.stop()
}
process.stdout.write(`${worst < ALLOWED ? 'Within' : 'ABOVE'} the allowed ${ALLOWED * 100} %\n`)
if (worst >= ALLOWED) process.exitCode = 1
