// draft-ietf-secsh-filexfer-02, section 6.11; OpenSSH PROTOCOL, expand-path@openssh.com and home-directory
import { ROOT } from '../../core/vfs/path.ts'
import { oneName, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

/** A name is the answer even where nothing is: `put -r` and `scp -r` ask before they create. */
export function realpath(request: Request): Reply {
  return oneName(request.id, readPath(request))
}

/** `~` and `~/x` are the user's root; `~name` is no other user's: it is a plain name. */
export function expandPath({ id, body, context }: Request): Reply {
  const text = body.text().replace(/^~(?=\/|$)/, '')
  return oneName(id, text === '' ? ROOT : context.files.resolve(ROOT, text))
}

/** Everybody's home is the root of what they see; whether another user exists is not told. */
export function homeDirectory({ id, body }: Request): Reply {
  body.text()
  return oneName(id, ROOT)
}
