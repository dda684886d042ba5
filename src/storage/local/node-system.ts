import { fstatSync, lstatSync, openSync, renameSync, unlinkSync } from 'node:fs'
import type { Clock } from '../../core/ports.ts'
import { toEntry } from './entry.ts'
import { inside } from './proc.ts'
import { scanDirectory } from './scan.ts'
import type { LocalSystem } from './system.ts'

/** What Node offers: the directory is named by its path in /proc, which costs a third of each call. */
export function createNodeSystem(clock: Pick<Clock, 'monotonic'>): LocalSystem {
  return {
    lstat: (directory, name) => {
      const stats = lstatSync(inside(directory, name), { throwIfNoEntry: false })
      return stats === undefined ? undefined : toEntry(stats, name)
    },
    fstat: (fd, name) => toEntry(fstatSync(fd), name),
    open: (directory, name, flags, mode) => openSync(inside(directory, name), flags, mode),
    unlink: (directory, name) => unlinkSync(inside(directory, name)),
    rename: (from, name, to, newName) => renameSync(inside(from, name), inside(to, newName)),
    scan: (directory, reserved) => scanDirectory(directory, reserved, clock),
  }
}
