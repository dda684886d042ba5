import type { Config } from '../../config/schema.ts'
import { writeProofs } from '../../config/writable.ts'
import { createAttempts } from '../attempt.ts'
import { EXIT_FAILED, EXIT_OK } from '../failure.ts'
import { nativeLine } from '../format/native-parts.ts'
import { placeOf } from '../format/place.ts'
import { reviewListeners, reviewUsers } from '../review.ts'
import { perListener, reviewKeys } from '../review-keys.ts'
import { reviewAlgorithms } from '../review-ssh.ts'
import type { AppServices } from '../services.ts'
import type { Terminal } from '../terminal.ts'
import { JSON_OPTION, type Verb } from '../verb.ts'

export const check: Verb = {
  path: 'check',
  group: 'Look',
  summary: 'check the configuration, the keys and the users file',
  details:
    'Prints every problem with its place and remedy, and warnings about what works but is weak. Binds no port and changes ' +
    'nothing. Exit code 0: it would start (there may be warnings), 1: it would not.',
  options: [JSON_OPTION],
  run: async (input, { terminal, services, settings }) => {
    const json = input.flag('json')
    const { attempt, problems } = createAttempts()
    // For programs this is a report as any other.
    const config = await (json ? attempt(() => settings.load()) : settings.load())
    const report = config === undefined ? { ...NOTHING_READ, problems } : await review(config, services)
    if (json) terminal.out(JSON.stringify(report, null, 2))
    else print(report, terminal)
    return report.ok ? EXIT_OK : EXIT_FAILED
  },
}

type Report = Awaited<ReturnType<typeof review>>

const NOTHING_READ: Report = {
  ok: false,
  problems: [],
  warnings: [],
  listeners: [],
  users: 0,
  hostKeys: [],
  certificates: [],
  nativeParts: [],
}

async function review(config: Config, services: AppServices) {
  const now = Date.now()
  const { attempt, problems } = createAttempts()
  const people = await attempt(async () => {
    const store = await services.openUsers(config)
    return { users: await store.list(), warnings: await store.warnings() }
  })
  const keys = await reviewKeys(config, { services, attempt, now })
  for (const one of perListener(config)) {
    await attempt(() => services.loadBanners(one))
    await attempt(() => services.loadKeyTrust(one))
  }
  await attempt(() => services.examineState(config))
  for (const prove of writeProofs(config)) await attempt(async () => prove())
  const users = people?.users ?? []
  return {
    ok: problems.length === 0,
    problems,
    warnings: [
      ...(people?.warnings ?? []),
      ...keys.warnings,
      ...reviewListeners(config, people?.users, now),
      ...reviewAlgorithms(config, now),
      ...reviewUsers(users, now),
    ],
    listeners: config.listeners.map(({ name, door, address, port }) => ({ name, door, address, port })),
    users: users.length,
    hostKeys: keys.hostKeys,
    certificates: keys.certificates,
    nativeParts: services.nativeParts(config),
  }
}

function print(report: Report, terminal: Terminal): void {
  const { ok, problems, warnings, listeners, users, certificates, nativeParts } = report
  for (const problem of problems) terminal.err(problem)
  for (const warning of warnings) terminal.out(`warning: ${warning}`)
  if (!ok) return
  terminal.out(nativeLine(nativeParts))
  const doors = listeners.map((one) => `${one.name} ${placeOf(one)}`).join(', ')
  const [first] = certificates.map(({ notAfter }) => notAfter).sort()
  const end = first === undefined ? 'no certificate' : `certificate until ${first}`
  const people = users === 1 ? '1 user' : `${users} users`
  terminal.out(`ok: ${doors}; ${people}; ${end}`)
}
