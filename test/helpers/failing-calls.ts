import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'

type Call = 'closeSync' | 'unlinkSync' | 'linkSync' | 'renameSync'

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code })
}

/**
 * Until the test ends, calls of Node's file function to which `fails` gives an error do their work and then throw it, as
 * the system's `close` does; with `undone` they do not do it.
 */
export function failCalls(
  context: TestContext,
  name: Call,
  fails: (...args: readonly unknown[]) => Error | undefined,
  { undone }: Readonly<{ undone: boolean }> = { undone: false },
): void {
  const real: unknown = Reflect.get(fs, name)
  if (typeof real !== 'function') throw new Error(`node:fs has no ${name}`)
  const restore = () => {
    Reflect.set(fs, name, real)
    syncBuiltinESMExports()
  }
  const wrapped = (...args: readonly unknown[]): unknown => {
    const error = fails(...args)
    if (error !== undefined && undone) throw error
    const result: unknown = Reflect.apply(real, fs, args)
    if (error !== undefined) throw error
    return result
  }
  Reflect.set(fs, name, wrapped)
  syncBuiltinESMExports()
  context.after(restore)
}
