import type { AuditDetail } from '../audit/events.ts'
import { errorCodeOf, FileServerError } from '../errors.ts'
import { asUserId } from '../identity.ts'
import { andThen, type MaybePromise } from '../maybe-promise.ts'
import type { Clock } from '../ports.ts'
import type { TransferReport } from '../transfer/meter.ts'
import { meterRead } from '../transfer/meter-read.ts'
import { meterWrite, type UploadOptions } from '../transfer/meter-write.ts'
import { paceRead, paceWrite } from '../transfer/pace.ts'
import { openWithQuota, type Reserve } from '../transfer/quota-upload.ts'
import type { VfsContext } from './context.ts'
import type { Place } from './mounts.ts'
import type { VirtualPath } from './path.ts'
import type { OpenWriteOptions, TransferNote, TransferUse } from './session.ts'
import type { Patience, ReadHandle, StagedFile, StorageDriver, WriteHandle } from './storage.ts'

type TransferDetail = Extract<AuditDetail, { type: 'file.transfer' }>

/** Sees what everybody sees: no user has the empty id, so no partial shadows a name. */
const NOBODY = asUserId('')

/** What the meter of one transfer asks and tells. A class for the reason that MeteredWrite is one. */
class Metering implements UploadOptions {
  /** Found by its path until the report. */
  upload: WriteHandle | undefined
  readonly #context: VfsContext
  readonly #path: VirtualPath
  readonly #note: TransferNote | undefined

  constructor(context: VfsContext, path: VirtualPath, note: TransferNote | undefined) {
    this.#context = context
    this.#path = path
    this.#note = note
  }

  get clock(): Clock {
    return this.#context.clock
  }

  report({ outcome: own, bytes, durationMs }: TransferReport): void {
    const path = this.#path
    const direction = this.upload === undefined ? 'down' : 'up'
    if (this.upload !== undefined) this.#context.uploads.ended(path, this.upload)
    const { tlsSession, unconfirmed, limit, lost } = this.#note ?? {}
    const outcome = lost === true && own === 'complete' ? 'aborted' : own
    const detail: TransferDetail = { type: 'file.transfer', direction, path, outcome, bytes, durationMs }
    if (tlsSession !== undefined) detail.tlsSession = tlsSession
    if (unconfirmed !== undefined) detail.unconfirmed = unconfirmed
    if (limit !== undefined) detail.limit = limit
    this.#context.audit.record(detail)
  }

  demand(action: 'read' | 'attributes'): void {
    this.#context.access.demand(this.#path, action)
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
function demandWrite(context: VfsContext, path: VirtualPath): MaybePromise<Demanded> {
  const { access, quota } = context
  const overwrites = access.permissions(path).has('overwrite')
  const place = access.place(path, overwrites ? 'overwrite' : 'create')
  if (context.mounts.isFixed(path)) throw new FileServerError('path.is-directory')
  if (overwrites && place.mount.permissions.has('create') && !quota.limited)
    return { place, replacing: false }
  return isTaken(context, place).then((replacing) => {
    access.demand(path, replacing ? 'overwrite' : 'create')
    return { place, replacing }
  })
}

/** Opens a file for reading, with meter and the audit event of the transfer around it. */
export function openRead(context: VfsContext, path: VirtualPath, use: TransferUse): MaybePromise<ReadHandle> {
  const { access, principal, paces, clock } = context
  const place = access.place(path, 'read')
  const opening = andThen(context.driver(place), (driver) => driver.openRead(place.key, principal.user))
  return andThen(opening, (file) =>
    paceRead(meterRead(file, new Metering(context, path, use.note)), paces.down, { clock, use }),
  )
}

/** Opens a file for writing, with quota, meter and the audit event of the transfer around it. */
export function openWrite(
  context: VfsContext,
  path: VirtualPath,
  options: OpenWriteOptions,
  use: TransferUse,
): MaybePromise<WriteHandle> {
  return andThen(demandWrite(context, path), (demanded) =>
    andThen(openStaged(context, demanded, options, use), (staged) => watched(context, path, staged, use)),
  )
}

type Demanded = Readonly<{ place: Place; replacing: boolean }>

function openStaged(
  context: VfsContext,
  { place, replacing }: Demanded,
  { start, create, exclusive, upTo }: OpenWriteOptions,
  patience: Patience,
): MaybePromise<StagedFile> {
  const { principal, quota } = context
  const open = (driver: StorageDriver, reserve?: Reserve) =>
    driver.openWrite(place.key, {
      start,
      create,
      owner: principal.user,
      // A file that appears meanwhile must not be replaced by who may only create.
      exclusive: exclusive || !place.mount.permissions.has('overwrite'),
      upTo,
      patience,
      reserve,
    })
  if (!quota.limited) return andThen(context.driver(place), open)
  return openWithQuota(quota, replacing, (reserve) =>
    andThen(context.driver(place), (driver) => open(driver, reserve)),
  )
}

/** Counted and paced, and found by its path for as long as it is open. */
function watched(context: VfsContext, path: VirtualPath, staged: StagedFile, use: TransferUse): WriteHandle {
  const { uploads, paces, clock } = context
  const metering = new Metering(context, path, use.note)
  const upload = paceWrite(meterWrite(staged, metering), paces.up, { clock, use })
  metering.upload = upload
  uploads.opened(path, upload)
  return upload
}
