import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after } from 'node:test'
import { clientTest } from '../helpers/clients.ts'
import { type Codes, codesOf } from '../helpers/codes.ts'
import { type Fixture, lazyFixture } from '../helpers/fixture.ts'
import {
  DOOR_OF,
  type Driver,
  type Form,
  FTP_LISTENERS,
  filesOfMirror,
  hindrance,
  LISTENER_TITLES,
  type Listener,
  type Step,
  type StepName,
  type Target,
} from './driver.ts'

/** What one scenario works with: a folder on each side, and the client bound to one login. */
type Bench = Readonly<{
  local: string
  /** Path of the folder as the client names it, and where it is on the server's disk. */
  remote: string
  disk: string
  /** False: the client breaks them by itself. */
  emptyUploads: boolean
  /** Files of a mirror. */
  mirrored: number
  perform(step: Step): Promise<string>
}>

type Scenario = Readonly<{
  name: string
  uses: readonly StepName[]
  /** All of them, where it does not say. */
  listeners?: readonly Listener[]
  run(bench: Bench): Promise<void>
}>

const SIZES: Readonly<Record<string, number>> = { 'empty.bin': 0, 'one.bin': 1, 'blocks.bin': 1_500_017 }

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

async function sameContent(left: string, right: string): Promise<void> {
  assert.equal(await digest(left), await digest(right), `${right} differs from ${left}`)
}

async function absent(path: string): Promise<void> {
  await assert.rejects(access(path), `${path} is still there`)
}

/** Relative paths with their hashes; folders end in a slash. */
async function treeOf(root: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(root.length + 1)
    if (entry.isDirectory()) found[`${name}/`] = ''
    else found[name] = await digest(path)
  }
  return Object.fromEntries(Object.entries(found).sort())
}

/** The whole number is for CI; a checkout's plain `npm test` need not take the time. */
const PART = process.env.REQUIRE_CLIENTS === '1' ? 1 : 1 / 10
const FOLDERS = 20

async function makeSmallFiles(root: string, files: number): Promise<void> {
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    const path = join(root, `folder ${folder}`)
    await mkdir(path, { recursive: true })
    for (let n = folder; n < files * PART; n += FOLDERS)
      await writeFile(join(path, `${n}.txt`), `file ${n}\n`)
  }
}

async function makeTree(root: string, empty: boolean): Promise<void> {
  await mkdir(join(root, 'a', 'deep', 'deeper'), { recursive: true })
  await mkdir(join(root, 'b'), { recursive: true })
  await writeFile(join(root, 'top.bin'), randomBytes(70_001))
  await writeFile(join(root, 'a', 'one.txt'), 'one\n')
  await writeFile(join(root, 'a', 'deep', 'two words.txt'), 'two\r\n')
  await writeFile(join(root, 'a', 'deep', 'deeper', 'three.bin'), randomBytes(3))
  await writeFile(join(root, 'b', 'empty'), empty ? '' : 'not empty')
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'uploads and downloads files of several sizes unchanged',
    uses: ['upload', 'download'],
    run: async ({ local, remote, disk, emptyUploads, perform }) => {
      for (const [name, size] of Object.entries(SIZES)) {
        if (size === 0 && !emptyUploads) continue
        await writeFile(join(local, name), randomBytes(size))
        await perform({ do: 'upload', local: join(local, name), remote: `${remote}/${name}` })
        await sameContent(join(local, name), join(disk, name))
        await perform({ do: 'download', remote: `${remote}/${name}`, local: join(local, `back-${name}`) })
        await sameContent(join(local, name), join(local, `back-${name}`))
      }
    },
  },
  {
    name: 'replaces a file that is there by a shorter one',
    uses: ['upload'],
    run: async ({ local, remote, disk, perform }) => {
      await writeFile(join(disk, 'same.bin'), randomBytes(5000))
      await writeFile(join(local, 'same.bin'), randomBytes(100))
      await perform({ do: 'upload', local: join(local, 'same.bin'), remote: `${remote}/same.bin` })
      await sameContent(join(local, 'same.bin'), join(disk, 'same.bin'))
    },
  },
  {
    name: 'carries names with spaces and letters beyond ASCII',
    uses: ['upload', 'download'],
    run: async ({ local, remote, disk, perform }) => {
      const name = 'Zürich – λ 1.txt'
      await writeFile(join(local, name), 'named\n')
      await perform({ do: 'upload', local: join(local, name), remote: `${remote}/${name}` })
      assert.deepEqual(await readdir(disk), [name])
      await perform({ do: 'download', remote: `${remote}/${name}`, local: join(local, `back ${name}`) })
      await sameContent(join(local, name), join(local, `back ${name}`))
    },
  },
  {
    name: 'lists a folder',
    uses: ['list'],
    run: async ({ remote, disk, perform }) => {
      await mkdir(join(disk, 'folder'))
      await writeFile(join(disk, 'first.txt'), '1')
      await writeFile(join(disk, 'second file.txt'), '22')
      const listing = await perform({ do: 'list', remote })
      for (const name of ['folder', 'first.txt', 'second file.txt']) {
        assert.ok(listing.includes(name), `${name} is not in:\n${listing}`)
      }
    },
  },
  {
    name: 'makes a folder, renames a file into it, deletes both',
    uses: ['mkdir', 'rename', 'remove', 'rmdir'],
    run: async ({ remote, disk, perform }) => {
      await writeFile(join(disk, 'old.txt'), 'content')
      await perform({ do: 'mkdir', remote: `${remote}/made` })
      assert.deepEqual(await readdir(join(disk, 'made')), [])
      await perform({ do: 'rename', from: `${remote}/old.txt`, to: `${remote}/made/new.txt` })
      assert.equal(await readFile(join(disk, 'made', 'new.txt'), 'utf8'), 'content')
      await absent(join(disk, 'old.txt'))
      await perform({ do: 'remove', remote: `${remote}/made/new.txt` })
      await absent(join(disk, 'made', 'new.txt'))
      await perform({ do: 'rmdir', remote: `${remote}/made` })
      await absent(join(disk, 'made'))
    },
  },
  {
    name: 'resumes a download',
    uses: ['resume-download'],
    run: async ({ local, remote, disk, perform }) => {
      const content = randomBytes(300_007)
      const offset = 123_457
      await writeFile(join(disk, 'long.bin'), content)
      await writeFile(join(local, 'long.bin'), content.subarray(0, offset))
      const step = { remote: `${remote}/long.bin`, local: join(local, 'long.bin'), offset }
      await perform({ do: 'resume-download', ...step })
      await sameContent(join(disk, 'long.bin'), join(local, 'long.bin'))
    },
  },
  {
    name: 'resumes an upload',
    uses: ['resume-upload'],
    run: async ({ local, remote, disk, perform }) => {
      const content = randomBytes(300_007)
      const offset = 123_457
      await writeFile(join(local, 'long.bin'), content)
      await writeFile(join(disk, 'long.bin'), content.subarray(0, offset))
      const step = { remote: `${remote}/long.bin`, local: join(local, 'long.bin'), offset }
      await perform({ do: 'resume-upload', ...step })
      await sameContent(join(local, 'long.bin'), join(disk, 'long.bin'))
    },
  },
  {
    name: 'copies a tree up',
    uses: ['upload-tree'],
    run: async ({ local, remote, disk, emptyUploads, perform }) => {
      await makeTree(join(local, 'tree'), emptyUploads)
      await perform({ do: 'upload-tree', local: join(local, 'tree'), remote: `${remote}/tree` })
      assert.deepEqual(await treeOf(join(disk, 'tree')), await treeOf(join(local, 'tree')))
    },
  },
  {
    name: 'copies a tree down',
    uses: ['download-tree'],
    run: async ({ local, remote, disk, perform }) => {
      await makeTree(join(disk, 'tree'), true)
      await perform({ do: 'download-tree', remote: `${remote}/tree`, local: join(local, 'tree') })
      assert.deepEqual(await treeOf(join(local, 'tree')), await treeOf(join(disk, 'tree')))
    },
  },
  {
    name: 'mirrors many small files up',
    uses: ['upload-tree'],
    listeners: FTP_LISTENERS,
    run: async ({ local, remote, disk, mirrored, perform }) => {
      await makeSmallFiles(join(local, 'many'), mirrored)
      await perform({ do: 'upload-tree', local: join(local, 'many'), remote: `${remote}/many` })
      assert.deepEqual(await treeOf(join(disk, 'many')), await treeOf(join(local, 'many')))
    },
  },
  {
    name: 'mirrors many small files down',
    uses: ['download-tree'],
    listeners: FTP_LISTENERS,
    run: async ({ local, remote, disk, mirrored, perform }) => {
      await makeSmallFiles(join(disk, 'many'), mirrored)
      await perform({ do: 'download-tree', remote: `${remote}/many`, local: join(local, 'many') })
      assert.deepEqual(await treeOf(join(local, 'many')), await treeOf(join(disk, 'many')))
    },
  },
  {
    name: 'asks for the checksum of a file',
    uses: ['checksum'],
    listeners: FTP_LISTENERS,
    run: async ({ remote, disk, perform }) => {
      await writeFile(join(disk, 'sum.bin'), randomBytes(400_003))
      const answer = await perform({ do: 'checksum', remote: `${remote}/sum.bin` })
      const expected = await digest(join(disk, 'sum.bin'))
      assert.ok(answer.toLowerCase().includes(expected), `${expected} is not in:\n${answer}`)
    },
  },
]

type LoginWith = Readonly<{ listener: Listener; user: string; form: Form; code?: string; password?: string }>

/** The client's side of a login at the fixture. `home`: an empty folder for its own settings. */
export function targetOf(fixture: Fixture, login: LoginWith, home: string): Target {
  const user = fixture.user(login.user)
  const port = fixture.info[login.listener]?.port
  assert.ok(port !== undefined, `the fixture has no listener ${login.listener}`)
  return {
    listener: login.listener,
    info: fixture.info,
    port,
    form: login.form,
    user: user.user,
    password: login.password ?? user.password,
    key: user.ssh_key,
    certificate: user.tls_cert,
    certificateKey: user.tls_key,
    code: login.code ?? '',
    home,
  }
}

async function withBench<T>(
  fixture: Fixture,
  driver: Driver,
  login: LoginWith,
  use: (bench: Bench) => Promise<T>,
): Promise<T> {
  const user = fixture.user(login.user)
  const scratch = await mkdtemp(join(tmpdir(), 'sallyport-client-'))
  const disk = await mkdtemp(join(user.root, `${driver.name.replaceAll(/[^a-z0-9]/g, '-')}-`))
  const local = join(scratch, 'local')
  await mkdir(local)
  const target = targetOf(fixture, login, join(scratch, 'home'))
  try {
    return await use({
      local,
      disk,
      emptyUploads: !driver.breaksEmptyUploads?.includes(login.listener),
      mirrored: filesOfMirror(driver, login.listener),
      remote: `${user.base === '/' ? '' : user.base}/${basename(disk)}`,
      perform: (step) => driver.perform(target, step),
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
    await rm(disk, { recursive: true, force: true })
  }
}

async function uploadOnce({ local, remote, disk, perform }: Bench): Promise<void> {
  await writeFile(join(local, 'file.bin'), randomBytes(10_000))
  await perform({ do: 'upload', local: join(local, 'file.bin'), remote: `${remote}/file.bin` })
  await sameContent(join(local, 'file.bin'), join(disk, 'file.bin'))
}

/** For clients that cannot even upload. */
async function listOnce({ remote, perform }: Bench): Promise<void> {
  await perform({ do: 'list', remote })
}

async function refuse(fixture: Fixture, driver: Driver, login: LoginWith): Promise<void> {
  await withBench(fixture, driver, login, async (bench) => {
    const canUpload = hindrance(driver, login.listener, 'upload') === undefined
    await assert.rejects((canUpload ? uploadOnce : listOnce)(bench), 'the login was let in')
    assert.deepEqual(await readdir(bench.disk), [])
  })
  // Not just some failure of the client: the server saw the wrong password.
  const door = DOOR_OF[login.listener]
  await fixture.audited(
    (line) => line.reason === 'wrong-password' && line.user === login.user && line.door === door,
    `refusal of ${login.user} over ${door}`,
  )
}

/** How far the fixture for logins with a code lets clocks differ, so that one file's few logins find a step each. */
const DRIFT_STEPS = 2

function isFor({ uses, listeners }: Scenario, driver: Driver, listener: Listener): boolean {
  const can = uses.every((name) => hindrance(driver, listener, name) === undefined)
  return can && (listeners?.includes(listener) ?? true)
}

/** Makes the tests of one client: every scenario through every door it speaks, and every login with a code. */
export function describeClient(driver: Driver): void {
  const fixture = lazyFixture({ args: ['--open', '--set', `mfa.driftSteps=${DRIFT_STEPS}`] })
  const codes = new Map<string, Codes>()
  after(fixture.stop)

  for (const listener of driver.listeners) {
    const title = `${driver.name} over ${LISTENER_TITLES[listener]}`
    clientTest(title, driver.needs, async (t) => {
      const running = await fixture.get()
      for (const scenario of SCENARIOS) {
        if (!isFor(scenario, driver, listener)) continue
        await t.test(scenario.name, () =>
          withBench(running, driver, { listener, user: 'main', form: 'password' }, scenario.run),
        )
      }
      if (driver.keys && listener === 'sftp') {
        await t.test('logs in with a key', () =>
          withBench(running, driver, { listener, user: 'main', form: 'key' }, uploadOnce),
        )
      }
      await t.test('is refused with a wrong password', () =>
        refuse(running, driver, { listener, user: 'second', form: 'password', password: 'wrong' }),
      )
    })
  }

  for (const { listener, user, form } of driver.mfa) {
    const title = `${driver.name} over ${LISTENER_TITLES[listener]} logs in ${user} by ${form}`
    clientTest(title, driver.needs, async () => {
      const running = await fixture.get()
      const secret = running.user(user).totp
      const own = codes.get(user) ?? codesOf(secret, DRIFT_STEPS)
      codes.set(user, own)
      const code = secret === '' ? '' : own.next()
      await withBench(running, driver, { listener, user, form, code }, uploadOnce)
    })
  }
}
