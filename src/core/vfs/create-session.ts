import type { Action, Principal } from '../identity.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import * as browse from './browse.ts'
import * as changes from './changes.ts'
import type { VfsContext } from './context.ts'
import { LoginContext, type VfsSessionOptions } from './login-context.ts'
import { resolveVirtual, type VirtualPath } from './path.ts'
import type { OpenWriteOptions, Space, TransferUse, VfsSession } from './session.ts'
import type { AttributeChanges, Entry, ReadHandle, WriteHandle } from './storage.ts'
import * as transfers from './transfers.ts'

/** Methods of a prototype: thousands of sessions are idle, and each would pay for its own closures. */
class LoginFiles implements VfsSession {
  readonly context: VfsContext

  constructor(context: VfsContext) {
    this.context = context
  }

  get principal(): Principal {
    return this.context.principal
  }

  resolve(cwd: VirtualPath, input: string): VirtualPath {
    return resolveVirtual(cwd, input)
  }

  permissions(path: VirtualPath): ReadonlySet<Action> {
    return this.context.access.permissions(path)
  }

  isFixed(path: VirtualPath): boolean {
    return this.context.mounts.isFixed(path)
  }

  stat(path: VirtualPath): MaybePromise<Entry> {
    return browse.describe(this.context, path, true)
  }

  lstat(path: VirtualPath): MaybePromise<Entry> {
    return browse.describe(this.context, path, false)
  }

  list(path: VirtualPath): AsyncIterable<readonly Entry[]> {
    return browse.list(this.context, path)
  }

  readLink(path: VirtualPath): Promise<string> {
    return browse.readLink(this.context, path)
  }

  space(path: VirtualPath): Promise<Space> {
    return browse.space(this.context, path)
  }

  openRead(path: VirtualPath, use: TransferUse = {}): MaybePromise<ReadHandle> {
    return transfers.openRead(this.context, path, use)
  }

  openWrite(path: VirtualPath, options: OpenWriteOptions, use: TransferUse = {}): MaybePromise<WriteHandle> {
    return transfers.openWrite(this.context, path, options, use)
  }

  mkdir(path: VirtualPath): Promise<void> {
    return changes.mkdir(this.context, path)
  }

  remove(path: VirtualPath): MaybePromise<void> {
    return changes.remove(this.context, path)
  }

  rmdir(path: VirtualPath): Promise<void> {
    return changes.rmdir(this.context, path)
  }

  rename(from: VirtualPath, to: VirtualPath, { replace }: { replace: boolean }): Promise<void> {
    return changes.rename(this.context, [from, to], replace)
  }

  setAttributes(path: VirtualPath, wanted: AttributeChanges, options?: { follow: boolean }): Promise<void> {
    return changes.setAttributes(this.context, { path, changes: wanted, follow: options?.follow ?? true })
  }

  hardLink(from: VirtualPath, to: VirtualPath): Promise<void> {
    return changes.hardLink(this.context, [from, to])
  }

  symbolicLink(target: string, path: VirtualPath): Promise<void> {
    return changes.symbolicLink(this.context, target, path)
  }
}

/** Builds one login's view of the files. It holds no resource of its own: handles are closed by who opens them. */
export function createVfsSession(options: VfsSessionOptions): VfsSession {
  return new LoginFiles(new LoginContext(options))
}
