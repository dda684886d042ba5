import { errorCodeOf, FileServerError } from '../errors.ts'
import { asUserId } from '../identity.ts'
import { type MeterOptions, meterRead, meterWrite } from '../transfer/meter.ts'
import { createPace, paceRead, paceWrite } from '../transfer/pace.ts'
import { withQuota } from '../transfer/quota-upload.ts'
import type { VfsContext } from './context.ts'
import type { Place } from './mounts.ts'
import type { VirtualPath } from './path.ts'
import type { TransferNote, TransferUse, VfsSession } from './session.ts'

/** Sees what everybody sees: no user has the empty id, so no partial shadows a name. */
const NOBODY = asUserId('')

/** Opens files for reading and writing, with quota, meter and the audit event of the transfer around them. */
export function createTransfers(context: VfsContext): Pick<VfsSession, 'openRead' | 'openWrite'> {
  const { principal, access, quota, uploads } = context

  const metered = (path: VirtualPath, direction: 'up' | 'down', note?: TransferNote): MeterOptions => ({
    clock: context.clock,
    report: (transfer) =>
      context.audit.record({ type: 'file.transfer', direction, path, ...transfer, ...note }),
  })

  const { down = 0, up = 0 } = principal.limits.bytesPerSecond ?? {}
  const paces = { down: createPace(down), up: createPace(up) }
  const waits = ({ signal }: TransferUse) => ({ clock: context.clock, signal })

  const isTaken = async (place: Place): Promise<boolean> => {
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
  const demandWrite = async (path: VirtualPath): Promise<{ place: Place; replacing: boolean }> => {
    const permissions = access.permissions(path)
    const place = access.place(path, permissions.has('overwrite') ? 'overwrite' : 'create')
    if (context.mounts.isFixed(path)) throw new FileServerError('path.is-directory')
    if (permissions.has('create') && permissions.has('overwrite') && !quota.limited) {
      return { place, replacing: false }
    }
    const replacing = await isTaken(place)
    access.demand(path, replacing ? 'overwrite' : 'create')
    return { place, replacing }
  }

  return {
    openRead: async (path, use = {}) => {
      const place = access.place(path, 'read')
      const driver = await context.driver(place)
      const file = await driver.openRead(place.key, principal.user)
      return paceRead(meterRead(file, metered(path, 'down', use.note)), paces.down, waits(use))
    },
    openWrite: async (path, options, use = {}) => {
      const { place, replacing } = await demandWrite(path)
      const driver = await context.driver(place)
      await quota.prepare()
      const staged = await driver.openWrite(place.key, {
        ...options,
        owner: principal.user,
        // A file that appears meanwhile must not be replaced by who may only create.
        exclusive: options.exclusive || !place.mount.permissions.has('overwrite'),
      })
      const { clock, report } = metered(path, 'up', use.note)
      const counted = meterWrite(await withQuota(staged, quota, replacing), {
        clock,
        report: (transfer) => {
          uploads.ended(path, upload)
          report(transfer)
        },
        demand: (action) => access.demand(path, action),
      })
      const upload = paceWrite(counted, paces.up, waits(use))
      uploads.opened(path, upload)
      return upload
    },
  }
}
