import type { DatabaseSync } from 'node:sqlite'
import type { UserId } from '../core/identity.ts'
import type { QuotaAccount, QuotaUsage, StateStore } from '../core/ports.ts'
import { writtenRow } from './sqlite-written.ts'

const READ = 'SELECT bytes, files FROM quotas WHERE user = :user AND folders = :folders'

const known = (kind: 'bytes' | 'files'): string =>
  `iif(quotas.folders = excluded.folders, quotas.${kind}, excluded.${kind})`
const INIT = `
  INSERT INTO quotas (user, folders, bytes, files) VALUES (:user, :folders, :bytes, :files)
  ON CONFLICT (user) DO UPDATE SET
    folders = excluded.folders, bytes = ${known('bytes')}, files = ${known('files')}
  RETURNING bytes, files`

const fits = (kind: 'bytes' | 'files', max: string): string =>
  `(:${kind} <= 0 OR ${max} = 0 OR ${kind} + :${kind} <= ${max})`
const CHARGE = `
  UPDATE quotas SET bytes = max(0, bytes + :bytes), files = max(0, files + :files)
  WHERE user = :user AND folders = :folders AND ${fits('bytes', ':maxBytes')} AND ${fits('files', ':maxFiles')}`

const NO_LIMIT = { bytes: 0, files: 0 }

/** Facts that a full or locked file has not taken yet, by account. */
class Owed {
  readonly #all = new Map<string, { account: QuotaAccount; delta: QuotaUsage }>()

  add(account: QuotaAccount, { bytes, files }: QuotaUsage): void {
    const key = `${account.user}\n${account.folders}`
    const before = this.#all.get(key)?.delta ?? NO_LIMIT
    this.#all.set(key, { account, delta: { bytes: before.bytes + bytes, files: before.files + files } })
  }

  /** Each goes when `write` has taken it. */
  pay(write: (account: QuotaAccount, delta: QuotaUsage) => unknown): void {
    for (const [key, { account, delta }] of this.#all) {
      write(account, delta)
      this.#all.delete(key)
    }
  }

  forget(user: UserId): void {
    for (const [key, { account }] of this.#all) if (account.user === user) this.#all.delete(key)
  }
}

export type QuotaMethods = Pick<
  StateStore,
  'quotaUsage' | 'initQuotaUsage' | 'chargeQuota' | 'forgetQuota'
> & {
  /** Keeps a fact until it is paid; the next charge would pay it too. */
  owe(account: QuotaAccount, delta: QuotaUsage): void
  pay(): Promise<void>
}

function usage(row: Record<string, unknown> | undefined): QuotaUsage | undefined {
  return row === undefined ? undefined : { bytes: Number(row.bytes), files: Number(row.files) }
}

export function createQuotas(db: DatabaseSync): QuotaMethods {
  const read = db.prepare(READ)
  const init = db.prepare(INIT)
  const charge = db.prepare(CHARGE)
  const forget = db.prepare('DELETE FROM quotas WHERE user = ?')
  const owed = new Owed()
  const write = ({ user, folders }: QuotaAccount, { bytes, files }: QuotaUsage, max: QuotaUsage): boolean => {
    const values = { user, folders, bytes, files, maxBytes: max.bytes, maxFiles: max.files }
    return charge.run(values).changes > 0 || read.get({ user, folders }) === undefined
  }
  const pay = (): void => owed.pay((account, delta) => write(account, delta, NO_LIMIT))
  return {
    quotaUsage: async ({ user, folders }) => usage(read.get({ user, folders })),
    initQuotaUsage: async ({ user, folders }, { bytes, files }) => {
      pay()
      return usage(writtenRow(init, { user, folders, bytes, files })) ?? { bytes, files }
    },
    chargeQuota: async (account, delta, max) => {
      pay()
      return write(account, delta, max)
    },
    owe: (account, delta) => owed.add(account, delta),
    pay: async () => pay(),
    forgetQuota: async (user) => {
      forget.run(user)
      // Not before: what a full disk keeps is not without it.
      owed.forget(user)
    },
  }
}
