// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: a message of our own on its transport.
import { createRequire } from 'node:module'
import type { Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import type { Field } from './codec.ts'

type Writer = { allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer }
type SendPacket = (protocol: unknown, packet: Buffer) => void

const { sendPacket }: { sendPacket?: SendPacket } = createRequire(import.meta.url)(
  'ssh2/lib/protocol/utils.js',
)

function writerOf(protocol: unknown): Writer {
  const writer: unknown = Reflect.get(Object(Reflect.get(Object(protocol), '_packetRW')), 'write')
  const usable =
    typeof writer === 'object' &&
    writer !== null &&
    typeof Reflect.get(writer, 'alloc') === 'function' &&
    typeof Reflect.get(writer, 'finalize') === 'function' &&
    typeof Reflect.get(writer, 'allocStart') === 'number'
  if (!usable) throw new FileServerError('internal', 'this version of ssh2 has no packet writer')
  return writer as Writer
}

/** Sends one message (RFC 4253, section 6), after a key exchange that is under way. Throws when the transport is dead. */
export function sendMessage(client: SshClient, ...fields: readonly Field[]): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  const writer = writerOf(protocol)
  if (sendPacket === undefined)
    throw new FileServerError('internal', 'this version of ssh2 has no sendPacket')
  const message = writer.alloc(fields.reduce((sum, field) => sum + field.size, 0))
  let at = writer.allocStart
  for (const field of fields) {
    field.put(message, at)
    at += field.size
  }
  sendPacket(protocol, writer.finalize(message))
}
