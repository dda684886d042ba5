// By which the ssh-*.ts look whether ssh2 is inside as they know it.

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** An object that has all these, of this `typeof`. */
export const has = (value: unknown, type: string, ...names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => typeof Reflect.get(value, name) === type)

/** One way of a channel, as ssh2 counts it. */
export type Direction = { id: number; window: number; state: string }

export const isDirection = (value: unknown): value is Direction => has(value, 'number', 'id', 'window')
