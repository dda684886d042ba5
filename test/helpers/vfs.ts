import { createAuditor } from '../../src/core/audit/auditor.ts'
import type { AuditEvent } from '../../src/core/audit/events.ts'
import {
  ACTIONS,
  type Action,
  asSessionId,
  asUserId,
  type Limits,
  type Mount,
  type Principal,
} from '../../src/core/identity.ts'
import { createVfsSession } from '../../src/core/vfs/create-session.ts'
import { ROOT, resolveVirtual, type VirtualPath } from '../../src/core/vfs/path.ts'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import type { StorageProvider } from '../../src/core/vfs/storage.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { collectEvents } from './audit-events.ts'
import { createFakeClock, type FakeClock } from './fake-clock.ts'
import { createQuotaState } from './quota-state.ts'

export const at = (path: string): VirtualPath => resolveVirtual(ROOT, path)

export function mount(path: string, location: string, actions: readonly Action[] = ACTIONS): Mount {
  return { at: at(path), location, permissions: new Set(actions) }
}

export function principal(mounts: readonly Mount[], limits: Partial<Limits> = {}): Principal {
  return {
    user: asUserId('alice'),
    name: 'alice',
    origin: {
      session: asSessionId('s1'),
      door: 'sftp',
      remoteIp: '192.0.2.1',
      remotePort: 1,
      localIp: '192.0.2.2',
      localPort: 22,
      listener: 'sftp',
      encrypted: true,
    },
    factors: ['password'],
    mounts,
    limits: { maxSessions: 0, quotaBytes: 0, quotaFiles: 0, ...limits },
  }
}

export type TestSession = {
  files: VfsSession
  /** Another session of the same user on the same files, or on these mounts of them. */
  another(mounts?: readonly Mount[]): VfsSession
  storage: StorageProvider
  state: ReturnType<typeof createQuotaState>
  events: AuditEvent[]
  clock: FakeClock
}

type Setup = Readonly<{
  mounts?: readonly Mount[]
  limits?: Partial<Limits>
  storage?: StorageProvider
  state?: ReturnType<typeof createQuotaState>
}>

/** A whole VfsSession over the memory driver, with its audit events and quota state in the open. */
export function createTestSession(setup: Setup = {}): TestSession {
  const clock = createFakeClock()
  const events: AuditEvent[] = []
  const storage = setup.storage ?? createMemoryStorage({ clock, partialRetentionMs: 3_600_000 })
  const state = setup.state ?? createQuotaState()
  const audit = createAuditor(collectEvents(events), clock)
  const another = (mounts = setup.mounts ?? [mount('/', 'home')]) =>
    createVfsSession({ principal: principal(mounts, setup.limits), storage, audit, clock, state })
  return {
    files: another(),
    another,
    storage,
    state,
    events,
    clock,
  }
}

export async function upload(files: VfsSession, path: string, content: string): Promise<void> {
  const handle = await files.openWrite(at(path), { start: 'empty', create: true, exclusive: false })
  try {
    await handle.write(new TextEncoder().encode(content), 0)
  } catch (error) {
    await handle.discard()
    throw error
  }
  await handle.commit()
}

export async function download(files: VfsSession, path: string): Promise<string> {
  const handle = await files.openRead(at(path))
  const into = new Uint8Array((await handle.stat()).size)
  await handle.read(into, 0)
  await handle.close()
  return new TextDecoder().decode(into)
}

export async function listed(files: VfsSession, path: string): Promise<string[]> {
  const names: string[] = []
  for await (const batch of files.list(at(path))) names.push(...batch.map(({ name }) => name))
  return names.sort()
}

/** The same files, but for some methods. */
export function withChanges(files: VfsSession, changes: Partial<VfsSession>): VfsSession {
  return Object.assign(Object.create(files), changes)
}
