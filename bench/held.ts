// What a server under measurement holds; for many-sessions.ts and hostile-session.ts.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { eventually, type Fixture, type FixtureOptions, startFixture } from '../test/helpers/fixture.ts'
import type { HeldReport } from './held-probe.ts'

const PROBE = new URL('held-probe.ts', import.meta.url)

export type Measured = Readonly<{
  fixture: Fixture
  /** KiB of the process itself. That of its files depends on how many others have the same ones mapped. */
  memory(): number
  /** Collects the garbage; gives the KiB of objects and what they keep outside of V8's heap. */
  held(): Promise<number>
}>

/** `report`: a file for the server to write to. `imports`: what else it is to load. */
export async function startMeasured(
  report: string,
  options: FixtureOptions,
  imports: readonly URL[] = [],
): Promise<Measured> {
  const NODE_OPTIONS = [PROBE, ...imports].map((url) => `--import=${url}`).join(' ')
  Object.assign(process.env, { NODE_OPTIONS, HELD_PROBE_FILE: report })
  const fixture = await startFixture(options)
  delete process.env.NODE_OPTIONS
  const { pid } = fixture.info
  return {
    fixture,
    memory() {
      const found = /^Pss_Anon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
      return Number(found?.[1])
    },
    async held() {
      rmSync(report, { force: true })
      process.kill(pid, 'SIGUSR2')
      const { heap, external } = await eventually(
        async () =>
          existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as HeldReport) : undefined,
        'report of what is held',
      )
      return (heap + external) / 1024
    },
  }
}
