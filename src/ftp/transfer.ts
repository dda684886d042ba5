import { FileServerError } from '../core/errors.ts'
import type { Transfer } from './session.ts'

export function createTransfer(verb: string): Transfer {
  const controller = new AbortController()
  return {
    verb,
    signal: controller.signal,
    bytes: 0,
    note: {},
    abort: () => controller.abort(new FileServerError('transfer.aborted')),
  }
}
