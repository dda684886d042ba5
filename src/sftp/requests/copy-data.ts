// draft-ietf-secsh-filexfer-extensions-00, section 7: copy-data, as OpenSSH serves it for `cp`
import { FileServerError } from '../../core/errors.ts'
import { type ByteRange, readRange } from '../../core/transfer/read-range.ts'
import { contentSize, readable } from '../handles.ts'
import { endOfFile, ok, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** A copy that does not travel to the client and back. Length 0 means up to the end. */
export async function copyData({ id, body, context }: Request): Promise<Reply> {
  const from = context.handles.get(body)
  const start = body.uint64()
  const length = body.uint64()
  const to = context.handles.get(body)
  const offset = body.uint64()
  if (to.kind !== 'write') throw new FileServerError('access.denied', 'handle is not open for writing')
  const source = readable(from)
  const size = await contentSize(from)
  const range = { from: start, to: length === 0 ? size : Math.min(start + length, size) }
  const target = to.append ? to.file.size : offset
  if (!Number.isSafeInteger(target + range.to - start)) throw new FileServerError('transfer.bad-offset')
  if (from === to && overlaps(range, target))
    throw new FileServerError('transfer.bad-offset', 'overlapping copy')
  if (range.to > start) {
    await readRange(
      source,
      range,
      () => context.checkOpen(),
      (bytes, position) => to.file.write(bytes, target + position - start),
    )
  }
  return length > 0 && start + length > size ? endOfFile(id) : ok(id)
}

function overlaps(range: ByteRange, target: number): boolean {
  return target < range.to && range.from < target + range.to - range.from
}
