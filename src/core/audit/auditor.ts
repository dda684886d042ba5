import type { AuditSink, Clock } from '../ports.ts'
import type { AuditContext, AuditDetail } from './events.ts'

/** Stamps details with time and context. `with` adds context: listener, then connection, then user. */
export type Auditor = {
  record(detail: AuditDetail): void
  with(context: AuditContext): Auditor
}

export function createAuditor(sink: AuditSink, clock: Clock, context: AuditContext = {}): Auditor {
  return {
    record: (detail) => sink.record({ at: clock.now(), ...context, ...detail }),
    with: (more) => createAuditor(sink, clock, { ...context, ...more }),
  }
}
