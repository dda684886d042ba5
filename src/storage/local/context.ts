import type { Clock } from '../../core/ports.ts'
import type { Native } from '../../native/native.ts'
import type { ActiveUploads } from '../active-uploads.ts'
import type { CopyTurns } from './copy-turns.ts'
import type { Directories } from './directories.ts'
import type { InPlaceFiles } from './in-place.ts'
import type { Jail } from './jail.ts'
import type { Partials } from './partials.ts'
import type { LocalSystem } from './system.ts'

export type LocalSettings = Readonly<{
  /** Taken from 0666 and 0777 for new files and directories. */
  umask: number
  /** `refuse`: no symbolic link is followed, and none can be made. */
  symlinks: 'follow' | 'refuse'
  /** Idle partials older than this are removed when their directory is listed. */
  partialRetentionMs: number
  /** Edits of existing files (start `current`) go into the file itself in place of a staged copy. */
  inPlaceWrites: boolean
  /** A commit waits until the content is on stable storage. */
  syncOnCommit: boolean
}>

/** What the parts of one local driver share. */
export type LocalContext = Readonly<{
  location: string
  settings: LocalSettings
  clock: Clock
  system: LocalSystem
  jail: Jail
  directories: Directories
  partials: Partials
  active: ActiveUploads
  /** Of all drivers together. */
  copies: CopyTurns
  inPlace: InPlaceFiles
  native: Native | undefined
  /** File systems, by device, that can't tell what of a file is in memory: none of their files need ask. */
  untold: Set<number>
}>
