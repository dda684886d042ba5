import { z } from 'zod'
import { filePath } from '../../yaml/fields.ts'
import { flag, whole } from '../fields.ts'

const UMASK_EXPECTED = "expected an octal number in quotes, such as '077'"

export const server = z
  .strictObject({
    baseDir: filePath(
      "Where every relative path in this file starts. Relative itself, it starts at this file's folder.",
    ).default('..'),
    drainSeconds: whole(0, 86_400, 30, 'At shutdown, how long running transfers may go on.'),
    native: flag(
      true,
      'false: does without the optional native part, which makes transfers cheaper; for comparing and for ruling it out.',
    ),
  })
  .prefault({})
  .describe('The server as a whole.')

export const users = z
  .strictObject({
    file: filePath('The users; edits take effect at once.').default('config/users.yaml'),
    secretsKeyFile: filePath(
      'Key that encrypts the secrets of one-time codes in the users file; mode 0600.',
    ).default('keys/secrets.key'),
  })
  .prefault({})
  .describe('Who may log in.')

export const state = z
  .strictObject({
    file: filePath('Lockouts, used codes, open sessions and quota counts.').default('data/state.db'),
  })
  .prefault({})
  .describe('What must survive a restart.')

export const audit = z
  .strictObject({
    file: filePath('One JSON line per event; appended to only.').default('log/audit.jsonl'),
  })
  .prefault({})
  .describe('The record of who did what.')

export const log = z
  .strictObject({
    file: filePath('File of the log.')
      .nullable()
      .default('log/server.jsonl')
      .describe("The operator's log, JSON lines; null = standard output."),
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The least that is logged.'),
  })
  .prefault({})
  .describe('What the server says about itself.')

export const files = z
  .strictObject({
    homes: filePath("Folder of the users' homes; a relative home in the users file starts here.").default(
      'home',
    ),
    umask: z
      .string({ error: UMASK_EXPECTED })
      .refine((text) => /^0?[0-7]{3}$/.test(text), { error: UMASK_EXPECTED })
      .transform((text) => Number.parseInt(text, 8))
      .prefault('077')
      .describe("Permission bits that new files and folders do not get; octal, in quotes: '077'."),
    symlinks: z
      .enum(['follow', 'refuse'])
      .default('follow')
      .describe("follow: symbolic links work inside the user's own tree. refuse: they do not work at all."),
    partialRetentionHours: whole(1, 8760, 168, 'Unfinished uploads are kept this long for a resume.'),
    inPlaceWrites: flag(
      false,
      'true: edits of an existing file (append, resume, random writes) go into the file itself instead of a staged copy, so that others see them half-done.',
    ),
    syncOnCommit: flag(
      false,
      'true: an upload is confirmed only when the disk has it; slower, and proof against a loss of power.',
    ),
  })
  .prefault({})
  .describe('Files and uploads.')
