import type { Order } from './request.ts'

/** All requests that run on one handle are of one order. */
type Use = { readonly order: Order; count: number }

/**
 * `handle`: its place in the table, undefined for what works on none. Which requests of a channel may run beside each other; `start` and `finish` come in pairs. Requests start in the order of
 * their arrival. draft-ietf-secsh-filexfer-02, section 3, wants the results as if each had been finished before the next;
 * this gives that wherever it can be seen.
 */
export class RequestOrder {
  /** Undefined while no handle is used. */
  #uses: Map<number, Use> | undefined
  #running = 0
  #alone = 0

  get running(): number {
    return this.#running
  }

  mayStart(order: Order, handle: number | undefined): boolean {
    if (this.#alone > 0) return false
    if (order === 'alone') return this.#running === 0
    const use = handle === undefined ? undefined : this.#uses?.get(handle)
    return use === undefined || (use.order === order && order !== 'handle')
  }

  start(order: Order, handle: number | undefined): void {
    this.#running += 1
    if (order === 'alone') this.#alone += 1
    else if (handle !== undefined) {
      this.#uses ??= new Map()
      const use = this.#uses.get(handle)
      if (use === undefined) this.#uses.set(handle, { order, count: 1 })
      else use.count += 1
    }
  }

  finish(order: Order, handle: number | undefined): void {
    this.#running -= 1
    if (order === 'alone') this.#alone -= 1
    else if (handle !== undefined) this.#drop(handle)
    if (this.#running === 0) this.#uses = undefined
  }

  #drop(handle: number): void {
    const use = this.#uses?.get(handle)
    if (use === undefined) return
    use.count -= 1
    if (use.count === 0) this.#uses?.delete(handle)
  }
}
