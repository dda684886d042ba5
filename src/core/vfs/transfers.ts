import { errorCodeOf, FileServerError } from '../errors.ts'
import { asUserId } from '../identity.ts'
import type { MeterOptions } from '../transfer/meter.ts'
import { meterRead } from '../transfer/meter-read.ts'
import { meterWrite } from '../transfer/meter-write.ts'
import { paceRead, paceWrite } from '../transfer/pace.ts'
import { withQuota } from '../transfer/quota-upload.ts'
import type { VfsContext } from './context.ts'
import type { Place } from './mounts.ts'
import type { VirtualPath } from './path.ts'
import type { OpenWriteOptions, TransferNote, TransferUse } from './session.ts'
import type { MaybePromise, ReadHandle, WriteHandle } from './storage.ts'

/** Sees what everybody sees: no user has the empty id, so no partial shadows a name. */
const NOBODY = asUserId('')

function metered(
  context: VfsContext,
  path: VirtualPath,
  direction: 'up' | 'down',
  note: TransferNote | undefined,
): MeterOptions {
  return {
    clock: context.clock,
    report: (transfer) =>
      context.audit.record({ type: 'file.transfer', direction, path, ...transfer, ...note }),
  }
}

async function isTaken(context: VfsContext, place: Place): Promise<boolean> {
  const driver = await context.driver(place)
  try {
    const { kind } = await driver.stat(place.key, NOBODY, true)
    if (kind === 'directory') throw new FileServerError('path.is-directory')
    return true
  } catch (error) {
    if (errorCodeOf(error) === 'path.not-found') return false
    throw error
  }
}

/** `replacing`: a file has the name already; looked up only where the answer matters. */
function demandWrite(
  context: VfsContext,
  path: VirtualPath,
): MaybePromise<{ place: Place; replacing: boolean }> {
  const { access, quota } = context
  const permissions = access.permissions(path)
  const place = access.place(path, permissions.has('overwrite') ? 'overwrite' : 'create')
  if (context.mounts.isFixed(path)) throw new FileServerError('path.is-directory')
  if (permissions.has('create') && permissions.has('overwrite') && !quota.limited) {
    return { place, replacing: false }
  }
  return isTaken(context, place).then((replacing) => {
    access.demand(path, replacing ? 'overwrite' : 'create')
    return { place, replacing }
  })
}

/** Opens a file for reading, with meter and the audit event of the transfer around it. */
export async function openRead(
  context: VfsContext,
  path: VirtualPath,
  { note, signal }: TransferUse,
): Promise<ReadHandle> {
  const { access, principal, paces, clock } = context
  const place = access.place(path, 'read')
  const driver = context.driver(place)
  // Every turn that is waited costs: where the driver is known and answers at once, there is none.
  const opening = (driver instanceof Promise ? await driver : driver).openRead(place.key, principal.user)
  const file = opening instanceof Promise ? await opening : opening
  return paceRead(meterRead(file, metered(context, path, 'down', note)), paces.down, { clock, signal })
}

/** Opens a file for writing, with quota, meter and the audit event of the transfer around it. */
export async function openWrite(
  context: VfsContext,
  path: VirtualPath,
  options: OpenWriteOptions,
  { note, signal }: TransferUse,
): Promise<WriteHandle> {
  const { access, principal, quota, uploads, paces } = context
  const demanded = demandWrite(context, path)
  const { place, replacing } = demanded instanceof Promise ? await demanded : demanded
  const driver = context.driver(place)
  const known = driver instanceof Promise ? await driver : driver
  if (quota.limited) await quota.prepare()
  const opening = known.openWrite(place.key, {
    start: options.start,
    create: options.create,
    owner: principal.user,
    // A file that appears meanwhile must not be replaced by who may only create.
    exclusive: options.exclusive || !place.mount.permissions.has('overwrite'),
  })
  const staged = opening instanceof Promise ? await opening : opening
  const { clock, report } = metered(context, path, 'up', note)
  const counted = meterWrite(quota.limited ? await withQuota(staged, quota, replacing) : staged, {
    clock,
    report: (transfer) => {
      uploads.ended(path, upload)
      report(transfer)
    },
    demand: (action) => access.demand(path, action),
  })
  const upload = paceWrite(counted, paces.up, { clock: context.clock, signal })
  uploads.opened(path, upload)
  return upload
}
