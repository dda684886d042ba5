// draft-somers-ftp-mfxx section 5: MFF.
import { FileServerError } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import type { AttributeChanges } from '../../core/vfs/storage.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { parseTime } from '../times.ts'

export async function mff(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const space = argument.indexOf(' ')
  if (space < 1) throw new FileServerError('protocol.syntax')
  const facts = argument.slice(0, space)
  const name = argument.slice(space + 1)
  await files.setAttributes(files.resolve(ftp.dialog.cwd, name), parseFacts(facts))
  return reply(213, `${facts} ${name}`)
}

function parseFacts(text: string): AttributeChanges {
  const changes: AttributeChanges = {}
  for (const fact of text.split(';').filter((part) => part !== '')) {
    const [name, value = ''] = fact.split('=')
    const time = name?.toLowerCase() === 'modify' ? parseTime(value) : undefined
    if (time !== undefined) changes.mtimeMs = time
    else if (name?.toLowerCase() === 'unix.mode' && /^0?[0-7]{3}$/.test(value))
      changes.mode = Number.parseInt(value, 8)
    else throw new FileServerError('protocol.syntax')
  }
  return changes
}
