import { parseInstant } from '../yaml/dates.ts'
import type { ListenerConfig } from './schema.ts'

export type AlgorithmException = Extract<ListenerConfig, { door: 'sftp' }>['exceptions'][number]
export type OpenEndedUploads = Extract<ListenerConfig, { door: 'ftp' }>['openEndedUploads'][number]

/** The last moment at which the exception holds, milliseconds since the epoch. NaN for a date that could not be read. */
export function exceptionEndMs({ until }: Readonly<{ until: string }>): number {
  return parseInstant(until)?.getTime() ?? Number.NaN
}
