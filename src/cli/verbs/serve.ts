import { EXIT_OK, toOperatorError } from '../failure.ts'
import { printDoors, printListeners } from '../format/doors.ts'
import { nativeLine } from '../format/native-parts.ts'
import type { RunningServer } from '../services.ts'
import { createSignals } from '../signals.ts'
import type { Context, Verb } from '../verb.ts'

export const serve: Verb = {
  path: 'serve',
  group: 'Serve',
  summary: 'open the doors and serve until told to stop',
  details:
    'The first start makes config/, keys/ and a first user, and shows the password once. ' +
    'SIGHUP takes over a changed configuration. SIGTERM and Ctrl-C let running transfers end; a second one stops at once.',
  run: async (_input, context) => {
    const { terminal, services, settings } = context
    // Loaded here, for other verbs need nothing of it and list this one in their help.
    const { firstStart } = await import('../setup/first-start.ts')
    const made = await firstStart(context)
    const config = await settings.load()
    // Before the first listener is bound, so that a signal during the start is not lost.
    const signals = createSignals()
    try {
      const server = await services.start(config)
      terminal.out(nativeLine(services.nativeParts(config)))
      printListeners(server.listeners, terminal)
      if (made !== undefined) {
        const hostKeys = await services.loadHostKeys(config)
        printDoors({ listeners: server.listeners, hostKeys, ...made }, terminal)
      }
      terminal.out('Serving. Ctrl-C stops.')
      await untilStopped(server, signals, context)
      terminal.out('Stopped.')
      return EXIT_OK
    } finally {
      signals.close()
    }
  },
}

type Signals = ReturnType<typeof createSignals>

async function untilStopped(server: RunningServer, signals: Signals, context: Context): Promise<void> {
  const ended = new AbortController()
  void reloadEachTime(server, signals, { ...context, ended: ended.signal })
  await signals.next('stop')
  ended.abort()
  context.terminal.out('Stopping: running transfers may end. Once more stops at once.')
  const drained = server.stop('drain')
  const stopped = await Promise.race([drained.then(() => true), signals.next('stop').then(() => false)])
  if (!stopped) await server.stop('now')
  await drained
}

async function reloadEachTime(
  server: RunningServer,
  signals: Signals,
  context: Context & Readonly<{ ended: AbortSignal }>,
): Promise<void> {
  for (;;) {
    await signals.next('reload')
    if (context.ended.aborted) return
    await reload(server, context)
  }
}

/** A configuration that does not load changes nothing; of one that does, what cannot be used stays as it was. */
async function reload(server: RunningServer, { terminal, settings }: Context): Promise<void> {
  try {
    const changed = await server.reload(() => settings.load())
    terminal.out(changed.length === 0 ? 'Reloaded; nothing changed.' : `Reloaded: ${changed.join(', ')}.`)
  } catch (error) {
    const known = toOperatorError(error)
    terminal.err(`Not reloaded, or not all of it; what was in use stays. ${known?.message ?? String(error)}`)
    if (known !== undefined) terminal.err(`  ${known.remedy}`)
  }
}
