import assert from 'node:assert/strict'
import { FileServerError } from '../../src/core/errors.ts'
import { asUserId, type UserId } from '../../src/core/identity.ts'
import type { Entry, StagedFile, StorageDriver, WriteOptions } from '../../src/core/vfs/storage.ts'
import { keyOf } from './storage-key.ts'

export const ALICE = asUserId('alice')
export const BOB = asUserId('bob')

/** Asserts the code of the FileServerError that `work` fails with. */
export async function fails(code: string, work: () => unknown): Promise<void> {
  await assert.rejects(
    async () => work(),
    (error: unknown) => {
      assert.ok(error instanceof FileServerError, `not a FileServerError: ${String(error)}`)
      assert.equal(error.code, code)
      return true
    },
  )
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

type Start = Partial<Omit<WriteOptions, 'owner'>>

export async function openWrite(
  driver: StorageDriver,
  path: string,
  owner: UserId = ALICE,
  options: Start = {},
): Promise<StagedFile> {
  return driver.openWrite(keyOf(path), { owner, start: 'empty', create: true, exclusive: false, ...options })
}

/** Uploads a whole file. */
export async function put(driver: StorageDriver, path: string, text: string, owner = ALICE): Promise<Entry> {
  const upload = await openWrite(driver, path, owner)
  await upload.write(bytes(text), 0)
  return (await upload.commit()).entry
}

/** Leaves a partial behind. */
export async function putPartial(
  driver: StorageDriver,
  path: string,
  text: string,
  owner = ALICE,
): Promise<void> {
  const upload = await openWrite(driver, path, owner)
  await upload.write(bytes(text), 0)
  await upload.abort()
}

export async function get(driver: StorageDriver, path: string, owner = ALICE): Promise<string> {
  const file = await driver.openRead(keyOf(path), owner)
  try {
    const into = new Uint8Array(file.size)
    let at = 0
    for (let read = -1; read !== 0 && at < into.length; at += read)
      read = await file.read(into.subarray(at), at)
    return new TextDecoder().decode(into.subarray(0, at))
  } finally {
    await file.close()
  }
}

export async function names(driver: StorageDriver, path: string, owner = ALICE): Promise<string[]> {
  return (await entries(driver, path, owner)).map(({ name }) => name)
}

export async function entries(driver: StorageDriver, path: string, owner = ALICE): Promise<Entry[]> {
  const all: Entry[] = []
  for await (const batch of driver.list(keyOf(path), owner)) all.push(...batch)
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}
