import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'

/** Linux's flag for a handle that only names a place; Node passes it on but has no name for it. */
const O_PATH = 0o10000000

export const OPEN_DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** The same for a mount's root, whose own path the operator may spell with links. */
export const OPEN_ROOT = O_PATH | constants.O_DIRECTORY
export const OPEN_NAME = O_PATH | constants.O_NOFOLLOW
/** Never follows, never waits for a FIFO's other end, never takes a terminal. */
export const OPEN_SAFELY = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY

/** The path that leads to what the descriptor has open, whatever its name is now. */
export function self(fd: number): string {
  return `/proc/self/fd/${fd}`
}

/** The path of `name` in the directory that the descriptor has open: what openat would take. */
export function inside(fd: number, name: string): string {
  return `/proc/self/fd/${fd}/${name}`
}

/** Runs `work` on a new descriptor and closes it, once its promise is settled if it gives one. */
export function withOpen<T>(path: string, flags: number, work: (fd: number) => T): T {
  const fd = openSync(path, flags)
  let result: T
  try {
    result = work(fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  if (result instanceof Promise) {
    const done = () => closeSync(fd)
    // Nobody hears of it by now.
    result.then(done, done).catch(nothing)
  } else closeSync(fd)
  return result
}

function nothing(): void {}

/** The jail stands on /proc/self/fd; without it there is no race-free way, so better no server than an unsafe one. */
export function requireProc(): void {
  const leadsHome = withOpen('/', OPEN_ROOT, (fd) => {
    const through = lstatSync(inside(fd, '.'), { throwIfNoEntry: false })
    return through?.ino === fstatSync(fd).ino
  })
  if (!leadsHome) {
    throw new FileServerError(
      'storage.unsupported',
      'local storage needs /proc to be mounted (proc on /proc)',
    )
  }
}
