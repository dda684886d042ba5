/** Answers at once when nothing has to be waited for: hot paths then spare a turn. Callers handle both. */
export type MaybePromise<T> = T | Promise<T>

/** Goes on with a value at once, or when it is there. */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Runs `work`; `failed` hears of what it throws, in this turn or later, and answers in its place. */
export function orElse<T>(
  work: () => MaybePromise<T>,
  failed: (error: unknown) => MaybePromise<T>,
): MaybePromise<T> {
  try {
    const result = work()
    return result instanceof Promise ? result.catch(failed) : result
  } catch (error) {
    return failed(error)
  }
}
