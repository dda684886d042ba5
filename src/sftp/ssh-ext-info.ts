// With ssh-internals.ts and ssh-packets.ts all that knows how ssh2 1.17 looks inside.
import { createRequire } from 'node:module'
import { FileServerError } from '../core/errors.ts'
import { USER_SIGNATURES } from './algorithms.ts'
import { byte, type Field, string, uint32 } from './codec.ts'

const EXT_INFO = 7
const NAME = 'server-sig-algs'
/** Of the name, behind the message's type, the number of extensions and the name's own length. */
const NAME_AT = 9

type Writer = { allocStart: number; alloc(size: number): Buffer }
type Finalize = (this: Writer, packet: Buffer, force?: boolean) => Buffer

function ownMessage(writer: Writer): Buffer {
  const names = USER_SIGNATURES.join(',')
  const fields: Field[] = [byte(EXT_INFO), uint32(1), string(NAME), string(names)]
  const message = writer.alloc(fields.reduce((sum, field) => sum + field.size, 0))
  let at = writer.allocStart
  for (const field of fields) {
    field.put(message, at)
    at += field.size
  }
  return message
}

/** ssh2 passes messages without their packet's header as well, so one byte alone does not tell. */
function isExtInfo(packet: Buffer, start: number): boolean {
  const name = start + NAME_AT
  return packet[start] === EXT_INFO && packet.toString('latin1', name, name + NAME.length) === NAME
}

let done = false

/**
 * ssh2's list of signatures lacks a comma, so that two of its names are none, and names SHA-1 and DSA. It is made where
 * nothing can be set; the one message of its kind is therefore replaced on its way out, in the whole process.
 */
export function tellSignatures(): void {
  if (done) return
  const zlib: { PacketWriter?: { prototype: { finalize?: Finalize } } } = createRequire(import.meta.url)(
    'ssh2/lib/protocol/zlib.js',
  )
  const prototype = zlib.PacketWriter?.prototype
  const finalize = prototype?.finalize
  if (prototype === undefined || finalize === undefined) {
    throw new FileServerError('internal', 'this version of ssh2 has no PacketWriter')
  }
  prototype.finalize = function replaceExtInfo(packet, force) {
    return finalize.call(this, isExtInfo(packet, this.allocStart) ? ownMessage(this) : packet, force)
  }
  done = true
}
