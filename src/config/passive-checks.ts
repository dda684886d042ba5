import { type Path, pathText } from '../yaml/problem.ts'
import { type Finding, finding } from './finding.ts'
import type { Config } from './schema.ts'

const FEWEST_PORTS = 10
const LOWEST_PORT = 1024

type Range = Readonly<{ from: number; to: number }>

/** Every range of the configuration with its place: the common one, and those of listeners. */
function ranges({ ftp, listeners }: Config): readonly (readonly [Path, Range])[] {
  const own = listeners.flatMap((one, index) =>
    one.door === 'ftp' && one.passivePorts !== null
      ? [[['listeners', index, 'passivePorts'], one.passivePorts] as const]
      : [],
  )
  return [[['ftp', 'passivePorts'], ftp.passivePorts], ...own]
}

function flaw(place: Path, { from, to }: Range): readonly Finding[] {
  if (from === 0 && to === 0) return []
  const path = [...place, 'to']
  if (from === 0 || to === 0)
    return [finding(path, 'only one end of the range is 0', 'set both ends, or both to 0')]
  if (from < LOWEST_PORT)
    return [
      finding([...place, 'from'], 'ports below 1024 belong to services', `start at ${LOWEST_PORT} or above`),
    ]
  if (to < from) return [finding(path, `the range ends (${to}) before it starts (${from})`, 'swap the ends')]
  const size = to - from + 1
  if (size >= FEWEST_PORTS) return []
  const message = `a range of ${size} is too small: each transfer under way takes one port`
  return [finding(path, message, `have ${FEWEST_PORTS} ports or more`)]
}

export function passiveRanges(config: Config): readonly Finding[] {
  return ranges(config).flatMap(([place, range]) => flaw(place, range))
}

/** The common range counts where a listener has none of its own. */
function usedRanges(config: Config): readonly (readonly [Path, Range])[] {
  const common = config.listeners.some((one) => one.door === 'ftp' && one.passivePorts === null)
  return ranges(config).slice(common ? 0 : 1)
}

export function passiveOverlap(config: Config): readonly Finding[] {
  return config.listeners.flatMap((one, index) => {
    const hit = usedRanges(config).find(([, { from, to }]) => one.port >= from && one.port <= to)
    if (one.port === 0 || hit === undefined) return []
    const [place, { from, to }] = hit
    return [
      finding(
        ['listeners', index, 'port'],
        `port ${one.port} lies in the passive range ${from} to ${to}`,
        `move the listener or ${pathText(place)}`,
      ),
    ]
  })
}
