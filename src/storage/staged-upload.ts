import { FileServerError } from '../core/errors.ts'
import type { AttributeChanges, Entry, MaybePromise, StagedFile, Usage } from '../core/vfs/storage.ts'
import type { ActiveUpload } from './active-uploads.ts'

/** The content of one upload in a driver's own terms; `createStagedUpload` calls it in the right states only. */
export type Staging = {
  readonly size: number
  write(chunk: Uint8Array, position: number): MaybePromise<void>
  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void>
  read(into: Uint8Array, position: number): MaybePromise<number>
  stat(): Promise<Entry>
  setAttributes(changes: AttributeChanges): Promise<void>
  sync(): Promise<void>
  /** Resolves when no write or read is under way. */
  drained(): Promise<void>
  /** Puts the content under its name; on failure everything stays as it was. */
  publish(): Promise<{ entry: Entry; freed: Usage }>
  /** Leaves the content as the owner's partial, if it still is that; resolves to what is kept. */
  keep(): Promise<Usage>
  /** Throws the content away; resolves to what is left all the same. */
  drop(): Promise<Usage>
  /** Releases what it holds; called once, last. */
  close(): Promise<void>
}

export type StagedUploadOptions = Readonly<{
  staging: Staging
  inherited: Usage
  /** The upload goes on from a partial, which is worth keeping even if nothing is added. */
  continues: boolean
  /** Called once when the upload no longer runs. */
  onEnd: () => void
}>

export const NO_USAGE: Usage = { bytes: 0, files: 0 }

type State = 'open' | 'ending' | 'failed' | 'ended' | 'superseded'

/** One upload's life, alike in all drivers: open, then exactly one end, or superseded by a newer upload. */
function createLife({ staging, onEnd }: StagedUploadOptions) {
  let state: State = 'open'
  let ending: Promise<unknown> = Promise.resolve()

  const release = async () => {
    try {
      await staging.close()
    } finally {
      onEnd()
    }
  }
  const requireOpen = (): void => {
    if (state === 'superseded') throw new FileServerError('transfer.aborted', 'superseded by a newer upload')
    if (state !== 'open') throw new FileServerError('handle.invalid', 'the upload has ended')
  }
  const run = <T>(work: () => Promise<T>): Promise<T> => {
    state = 'ending'
    const running = staging.drained().then(work)
    ending = running.catch(() => {})
    return running
  }
  return {
    requireOpen,
    /** Ends well, or leaves the state `failed`, from which only `finish` leads on. */
    attempt: <T>(work: () => Promise<T>): Promise<T> =>
      run(async () => {
        try {
          const result = await work()
          state = 'ended'
          await release()
          return result
        } catch (error) {
          if (state === 'ending') state = 'failed'
          throw error
        }
      }),
    /** Ends whatever `work` says. Undefined when there is nothing left to end. */
    finish: async <T>(work: () => Promise<T>): Promise<T | undefined> => {
      if (state !== 'open' && state !== 'failed') return undefined
      return run(async () => {
        try {
          return await work()
        } finally {
          state = 'ended'
          await release()
        }
      })
    },
    supersede: async (): Promise<boolean> => {
      if (state !== 'open' && state !== 'failed') {
        await ending
        return false
      }
      state = 'superseded'
      ending = staging.drained().then(release)
      await ending
      return true
    },
  }
}

export function createStagedUpload(options: StagedUploadOptions): StagedFile & ActiveUpload {
  const { staging, inherited, continues } = options
  const life = createLife(options)
  let dirty = continues
  return {
    inherited,
    get size() {
      return staging.size
    },
    write: (chunk, position) => {
      life.requireOpen()
      dirty = true
      return staging.write(chunk, position)
    },
    writev: (chunks, position) => {
      life.requireOpen()
      dirty = true
      return staging.writev(chunks, position)
    },
    read: (into, position) => {
      life.requireOpen()
      return staging.read(into, position)
    },
    stat: async () => {
      life.requireOpen()
      return staging.stat()
    },
    setAttributes: async (changes) => {
      life.requireOpen()
      if (changes.size !== undefined) dirty = true
      await staging.setAttributes(changes)
    },
    sync: async () => {
      life.requireOpen()
      await staging.sync()
    },
    commit: async () => {
      life.requireOpen()
      return life.attempt(() => staging.publish())
    },
    abort: async () => {
      return (await life.finish(() => (dirty ? staging.keep() : staging.drop()))) ?? NO_USAGE
    },
    discard: async () => {
      return (await life.finish(() => staging.drop())) ?? NO_USAGE
    },
    supersede: life.supersede,
  }
}
