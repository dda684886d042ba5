import { z } from 'zod'
import { type Shape, shapeOf } from '../yaml/shape.ts'
import { access, connections, login, mfa, passwords } from './sections/access.ts'
import { ftp, keys, sftp, tls } from './sections/doors.ts'
import { audit, files, log, server, state, users } from './sections/files.ts'
import { listeners } from './sections/listeners.ts'

/** Every key, its default and its meaning. Template, docs, JSON Schema and overrides are made from it. */
export const configSchema = z.strictObject({
  server,
  listeners,
  login,
  connections,
  access,
  passwords,
  mfa,
  ftp,
  sftp,
  tls,
  keys,
  users,
  state,
  audit,
  log,
  files,
})

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** The settings as loaded: complete, frozen, every path absolute. */
export type Config = DeepReadonly<z.output<typeof configSchema>>
export type ListenerConfig = Config['listeners'][number]
export type SectionName = keyof Config

export const configShape: Shape = shapeOf(configSchema)
