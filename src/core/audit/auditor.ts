import type { AuditSink, Clock } from '../ports.ts'
import type { AuditContext, AuditDetail } from './events.ts'

/** Stamps details with time and context. `with` adds context: listener, then connection, then user. */
export type Auditor = {
  record(detail: AuditDetail): void
  with(context: AuditContext): Auditor
}

/** A class: every session has some of them, and methods of a prototype cost it nothing. */
class StampingAuditor implements Auditor {
  readonly #sink: AuditSink
  readonly #clock: Clock
  readonly #context: AuditContext

  constructor(sink: AuditSink, clock: Clock, context: AuditContext) {
    this.#sink = sink
    this.#clock = clock
    this.#context = context
  }

  record(detail: AuditDetail): void {
    this.#sink.record(this.#clock.now(), this.#context, detail)
  }

  with(more: AuditContext): Auditor {
    return new StampingAuditor(this.#sink, this.#clock, { ...this.#context, ...more })
  }
}

export function createAuditor(sink: AuditSink, clock: Clock): Auditor {
  return new StampingAuditor(sink, clock, {})
}
