import type { Order } from './request.ts'

/** Which requests of a channel may run beside each other; `start` and `finish` come in pairs. */
export type RequestOrder = {
  mayStart(order: Order, handle: string | undefined): boolean
  start(order: Order, handle: string | undefined): void
  finish(order: Order, handle: string | undefined): void
  readonly running: number
}

/** All requests that run on one handle are of one order. */
type Use = { readonly order: Order; count: number }

/**
 * Requests start in the order of their arrival. draft-ietf-secsh-filexfer-02, section 3, wants the results as if each
 * had been finished before the next; this gives that wherever it can be seen.
 */
export function createRequestOrder(): RequestOrder {
  const uses = new Map<string, Use>()
  let running = 0
  let alone = 0
  return {
    get running() {
      return running
    },
    mayStart(order, handle) {
      if (alone > 0) return false
      if (order === 'alone') return running === 0
      const use = handle === undefined ? undefined : uses.get(handle)
      return use === undefined || (use.order === order && order !== 'handle')
    },
    start(order, handle) {
      running += 1
      if (order === 'alone') alone += 1
      else if (handle !== undefined) {
        const use = uses.get(handle)
        if (use === undefined) uses.set(handle, { order, count: 1 })
        else use.count += 1
      }
    },
    finish(order, handle) {
      running -= 1
      if (order === 'alone') alone -= 1
      else if (handle !== undefined) {
        const use = uses.get(handle)
        if (use === undefined) return
        use.count -= 1
        if (use.count === 0) uses.delete(handle)
      }
    },
  }
}
