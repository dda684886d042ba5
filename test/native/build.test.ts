import assert from 'node:assert/strict'
import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { NATIVE_FUNCTIONS } from '../../src/native/native.ts'
import { succeed } from '../helpers/child.ts'
import { needsNative } from '../helpers/native.ts'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const RUNTIME = join(REPOSITORY, 'node_modules/node/node_modules', `node-${process.platform}-${process.arch}`)

/** What a package carries, in a folder of its own. */
function unpacked(t: TestContext) {
  const base = mkdtempSync(join(tmpdir(), 'sallyport-build-'))
  t.after(() => rmSync(base, { recursive: true }))
  const folder = join(base, 'native')
  for (const part of ['build.mjs', 'src'])
    cpSync(join(REPOSITORY, 'native', part), join(folder, part), { recursive: true })
  const build = (env: Readonly<Record<string, string>> = {}) =>
    succeed(process.execPath, [join(folder, 'build.mjs')], {
      home: join(base, 'home'),
      env: { npm_config_nodedir: RUNTIME, ...env },
    })
  return { folder, output: join(folder, 'build', 'sallyport.node'), build }
}

test('is built once, and again when a source has changed', needsNative, async (t) => {
  const { folder, output, build } = unpacked(t)
  const first = await build()
  assert.equal(first.stdout, '')
  const addon: object = createRequire(import.meta.url)(output)
  assert.deepEqual(Object.keys(addon).sort(), Object.keys(NATIVE_FUNCTIONS).sort())
  const { ino } = statSync(output)
  assert.equal((await build()).output.trim(), '')
  assert.equal(statSync(output).ino, ino)
  appendFileSync(join(folder, 'src', 'addon.c'), '\n// changed\n')
  await build()
  assert.notEqual(statSync(output).ino, ino)
})

test('a machine without a compiler is told, and the install goes on', async (t) => {
  const { output, build } = unpacked(t)
  const { stdout, stderr } = await build({ CC: '/nowhere/cc' })
  assert.equal(stdout, '')
  assert.match(stderr, /Not built: .*\n.*Everything works without it/)
  assert.equal(existsSync(output), false)
})

test('sources that do not compile leave no old addon behind', needsNative, async (t) => {
  const { folder, output, build } = unpacked(t)
  await build()
  appendFileSync(join(folder, 'src', 'addon.c'), '\nnot C\n')
  assert.match((await build()).stderr, /could not build it:\n.*error/s)
  assert.equal(existsSync(output), false)
})

test('a package carries the sources and what builds them, and not what was built here', async (t) => {
  const { folder } = unpacked(t)
  const { stdout } = await succeed('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    home: join(folder, 'home'),
    cwd: REPOSITORY,
  })
  const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(stdout)
  const ours = files.map(({ path }) => path).filter((path) => path.startsWith('native/'))
  assert.ok(ours.includes('native/build.mjs') && ours.includes('native/src/addon.c'))
  assert.deepEqual(
    ours.filter((path) => path.startsWith('native/build/')),
    [],
  )
})
