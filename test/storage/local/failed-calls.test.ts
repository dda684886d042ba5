// The system fails late: at a close, or behind a change that is done. Nothing is told whole that is not, nothing is left
// open, and quotas know what lies there.
import assert from 'node:assert/strict'
import { closeSync, fstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { Native } from '../../../src/native/native.ts'
import { failCalls, systemError } from '../../helpers/failing-calls.ts'
import { createLocalUnderTest, type LocalUnderTest } from '../../helpers/local-storage.ts'
import { native } from '../../helpers/native.ts'
import { fails } from '../../helpers/storage-files.ts'
import { at, createTestSession, mount, upload } from '../../helpers/vfs.ts'

const LIMITS = { quotaBytes: 1_000_000, quotaFiles: 20 }
const EMPTY = { start: 'empty', create: true, exclusive: false } as const
const CURRENT = { start: 'current', create: false, exclusive: false } as const

const UNDONE = { undone: true }
/** Of /proc/self/fdinfo, octal: a handle that only names a place. */
const O_PATH = 0o10000000

function isReadable(fd: string): boolean {
  const flags = /^flags:\s*(\d+)/mu.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? ''
  return (Number.parseInt(flags, 8) & O_PATH) === 0
}

const leadsTo = (fd: string): string | undefined => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

/** Descriptors of files in the folder, those without a name too. */
function openFilesIn(folder: string): string[] {
  const open = readdirSync('/proc/self/fd').map(leadsTo)
  return open.filter((path): path is string => path?.startsWith(`${folder}/`) === true)
}

/** Closing a file of the folder fails, as network file systems do with what a disk would not keep. */
function failCloses(t: TestContext, folder: string, only: (path: string) => boolean = () => true): void {
  failCalls(t, 'closeSync', (fd) => {
    const path = leadsTo(String(fd))
    if (path?.startsWith(`${folder}/`) !== true || !fstatSync(Number(fd)).isFile()) return undefined
    return only(path) ? systemError('EDQUOT') : undefined
  })
}

type Name = (name: string) => boolean
type Way = Readonly<{ using: Native | undefined; failUnlinks: (t: TestContext, matches: Name) => void }>

const node: Way = {
  using: undefined,
  failUnlinks: (t, matches) =>
    failCalls(
      t,
      'unlinkSync',
      (path) => (matches(basename(String(path))) ? systemError('EIO') : undefined),
      UNDONE,
    ),
}

function withAddon(addon: Native): Way {
  let stays: Name = () => false
  const unlinkAt: Native['unlinkAt'] = (directory, name) =>
    stays(name) ? -constants.errno.EIO : addon.unlinkAt(directory, name)
  return {
    using: { ...addon, unlinkAt },
    failUnlinks: (t, matches) => {
      stays = matches
      t.after(() => {
        stays = () => false
      })
    },
  }
}

const WAYS: Readonly<Record<string, Way>> = { node, ...(native && { addon: withAddon(native) }) }

for (const [way, { using, failUnlinks }] of Object.entries(WAYS)) {
  suite(way, () => {
    let count = 0
    async function begin(t: TestContext, options: Parameters<typeof createLocalUnderTest>[0] = {}) {
      const local: LocalUnderTest = await createLocalUnderTest({ native: using, ...options })
      t.after(local.close)
      count += 1
      const home = join(local.root, `home-${count}`)
      mkdirSync(home)
      const session = createTestSession({
        limits: LIMITS,
        storage: local.storage,
        mounts: [mount('/', home)],
      })
      /** Counted is what lies there, and nothing is open. */
      const settled = async () => {
        assert.deepEqual(openFilesIn(home), [])
        const driver = await local.storage.open(home)
        assert.deepEqual(session.state.usage, await driver.usage())
      }
      return { home, settled, ...session }
    }

    test('an upload that the system does not keep at its close replaces nothing, and stays a partial', async (t) => {
      const { files, home, settled, events } = await begin(t)
      await upload(files, '/file', 'the old content')
      const handle = await files.openWrite(at('/file'), EMPTY)
      await handle.write(Buffer.from('the new content, longer'), 0)
      failCloses(t, home)
      await fails('quota.exceeded', () => handle.commit())
      assert.equal(readFileSync(join(home, 'file'), 'utf8'), 'the old content')
      const outcome = events.flatMap((event) => (event.type === 'file.transfer' ? [event.outcome] : []))
      assert.deepEqual(outcome, ['complete', 'failed'])
      await settled()
      assert.equal((await files.stat(at('/file'))).size, 'the new content, longer'.length)
    })

    test('a new one takes no name', async (t) => {
      const { files, home, settled } = await begin(t)
      const handle = await files.openWrite(at('/new'), EMPTY)
      await handle.write(Buffer.from('content'), 0)
      failCloses(t, home)
      await fails('quota.exceeded', () => handle.commit())
      assert.ok(!readdirSync(home).includes('new'))
      await settled()
    })

    test('one that is given up stays counted, whatever its close says', async (t) => {
      const { files, home, settled } = await begin(t)
      const handle = await files.openWrite(at('/new'), EMPTY)
      await handle.write(Buffer.from('content'), 0)
      failCloses(t, home)
      await handle.abort()
      await settled()
    })

    test('an edit in place says what was not kept', async (t) => {
      const { files, home, settled } = await begin(t, { inPlaceWrites: true })
      await upload(files, '/file', 'the content')
      const handle = await files.openWrite(at('/file'), CURRENT)
      await handle.write(Buffer.from(' and more'), 11)
      failCloses(t, home)
      await fails('quota.exceeded', () => handle.commit())
      await settled()
    })

    test('a file that was only read has been read, whatever its close says', async (t) => {
      const { files, home, settled } = await begin(t)
      await upload(files, '/file', 'content')
      failCloses(t, home, (path) => basename(path) === 'file')
      const reading = await files.openRead(at('/file'))
      assert.equal(await reading.read(new Uint8Array(10), 0), 7)
      await reading.close()
      const handle = await files.openWrite(at('/file'), CURRENT)
      await handle.write(Buffer.from('!'), 7)
      await handle.commit()
      assert.equal(readFileSync(join(home, 'file'), 'utf8'), 'content!')
      await settled()
    })

    test('a rename is done when the name has moved, though the partial in its place does not go', async (t) => {
      const { files, home, settled } = await begin(t)
      await upload(files, '/from', 'content')
      const handle = await files.openWrite(at('/to'), EMPTY)
      await handle.write(Buffer.from('unfinished'), 0)
      await handle.abort()
      failUnlinks(t, (name) => name.startsWith('.sp~'))
      await files.rename(at('/from'), at('/to'), { replace: true })
      assert.equal(readFileSync(join(home, 'to'), 'utf8'), 'content')
      await settled()
    })
  })
}

suite('without a rename that replaces nothing', () => {
  async function begin(t: TestContext, options: Parameters<typeof createLocalUnderTest>[0] = {}) {
    const local = await createLocalUnderTest({ native: undefined, ...options })
    t.after(local.close)
    return {
      ...local,
      ...createTestSession({ limits: LIMITS, storage: local.storage, mounts: [mount('/', local.root)] }),
    }
  }
  const removing = (name: string) => (path: unknown) => basename(String(path)) === name

  test('a file that cannot lose its old name gets no second one', async (t) => {
    const { files, root } = await begin(t)
    await upload(files, '/old', 'content')
    failCalls(t, 'unlinkSync', (path) => (removing('old')(path) ? systemError('EPERM') : undefined), UNDONE)
    await fails('access.denied', () => files.rename(at('/old'), at('/new'), { replace: false }))
    assert.deepEqual(readdirSync(root), ['old'])
  })

  test('an exclusive upload whose partial cannot go takes no name, and is kept', async (t) => {
    const { files, root, state, driver } = await begin(t)
    const handle = await files.openWrite(at('/new'), { ...EMPTY, exclusive: true })
    await handle.write(Buffer.from('content'), 0)
    failCalls(
      t,
      'unlinkSync',
      (path) => (basename(String(path)).startsWith('.sp~') ? systemError('EPERM') : undefined),
      UNDONE,
    )
    await fails('access.denied', () => handle.commit())
    assert.equal(readdirSync(root).length, 1)
    assert.deepEqual(state.usage, await driver.usage())
  })

  test('one that cannot be renamed where there are no links leaves no empty file', async (t) => {
    const { files, root, state, driver } = await begin(t)
    const handle = await files.openWrite(at('/new'), { ...EMPTY, exclusive: true })
    await handle.write(Buffer.from('content'), 0)
    failCalls(t, 'linkSync', () => systemError('ENOTSUP'), UNDONE)
    failCalls(t, 'renameSync', () => systemError('EIO'), UNDONE)
    await fails('storage.failed', () => handle.commit())
    assert.deepEqual(
      readdirSync(root).filter((name) => name === 'new'),
      [],
    )
    assert.deepEqual(state.usage, await driver.usage())
  })

  test('a name that was given is counted, though the disk does not tell that it has it', async (t) => {
    const { files, root, state, driver } = await begin(t, { syncOnCommit: true })
    await upload(files, '/file', 'the old content')
    const handle = await files.openWrite(at('/file'), EMPTY)
    await handle.write(Buffer.from('new'), 0)
    // The folder as it is open to be flushed: closed, it cannot be.
    failCalls(t, 'renameSync', () => {
      const folder = readdirSync('/proc/self/fd').find((fd) => leadsTo(fd) === root && isReadable(fd))
      closeSync(Number(folder))
      return undefined
    })
    await fails('storage.failed', () => handle.commit())
    assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'new')
    assert.deepEqual(state.usage, await driver.usage())
  })
})
