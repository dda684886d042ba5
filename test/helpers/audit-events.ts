import type { AuditEvent } from '../../src/core/audit/events.ts'
import type { AuditSink } from '../../src/core/ports.ts'

/** Keeps every event as one line of the log has it. */
export function collectEvents(into: AuditEvent[]): AuditSink {
  return {
    record: (at, context, detail) => into.push({ at, ...context, ...detail }),
    flush: async () => undefined,
  }
}
