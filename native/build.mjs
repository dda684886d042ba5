// Builds the optional addon with the C compiler alone: no Python, no make, no download. It runs at install and before
// `npm start`, on whatever Node is there, so it is plain JavaScript. It never fails: without the addon everything works.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const sources = join(here, 'src')
const output = join(here, 'build', 'sallyport.node')
const record = join(here, 'build', 'built-from')

const FLAGS = [
  ...['-shared', '-fPIC', '-std=c11', '-D_GNU_SOURCE', '-O2', '-fvisibility=hidden'],
  ...['-Wall', '-Wextra', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2', '-Wl,-z,relro,-z,now'],
  // Errors for compilers from 2024 on; so that the older ones do not let them through.
  ...['implicit-function-declaration', 'incompatible-pointer-types', 'int-conversion'].map(
    (name) => `-Werror=${name}`,
  ),
]

function cFiles() {
  return readdirSync(sources)
    .filter((name) => name.endsWith('.c'))
    .sort()
    .map((name) => join(sources, name))
}

/** What the output depends on. Headers of Node are left out: Node-API is the same in all of them. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${FLAGS.join(' ')}`)
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)))
  return hash.digest('hex')
}

function findHeaders(wanted) {
  const candidates = [
    wanted,
    process.env.npm_config_nodedir,
    dirname(dirname(process.execPath)),
    '/usr/local',
    '/usr',
  ]
  return candidates
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, 'include', 'node'))
    .find((folder) => existsSync(join(folder, 'node_api.h')))
}

function findCompiler() {
  const candidates = process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang']
  return candidates.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
}

/** Undefined when the addon was built, or the reason why not. */
function compile(headers) {
  if (process.platform !== 'linux') return 'it is for Linux'
  const include = findHeaders(headers)
  if (include === undefined) return "Node's headers (node_api.h) are not installed"
  const compiler = findCompiler()
  if (compiler === undefined) return 'there is no C compiler'
  mkdirSync(dirname(output), { recursive: true })
  // Under another name first: a running server may have the old one mapped.
  const fresh = join(dirname(output), `${process.pid}.node`)
  const built = spawnSync(compiler, [...FLAGS, `-I${include}`, '-o', fresh, ...cFiles()], {
    encoding: 'utf8',
  })
  const loads = built.status === 0 && spawnSync(process.execPath, ['-e', `require(${JSON.stringify(fresh)})`])
  if (loads?.status !== 0) {
    rmSync(fresh, { force: true })
    return `${compiler} could not build it:\n${built.stderr || loads?.stderr}`
  }
  renameSync(fresh, output)
  return undefined
}

/**
 * `headers`: a Node installation to look for headers in first. Says what it does on standard error, since standard output
 * belongs to the command that comes after.
 */
export function buildNative(headers) {
  try {
    const wanted = fingerprint()
    if (existsSync(output) && existsSync(record) && readFileSync(record, 'utf8') === wanted) return
    console.error('Building the optional native part …')
    const problem = compile(headers)
    if (problem === undefined) return writeFileSync(record, wanted)
    rmSync(output, { force: true })
    console.error(`  Not built: ${problem}.`)
  } catch (error) {
    console.error(`  Not built: ${error}.`)
  }
  console.error('  Everything works without it and costs more CPU. The server says at start what it has.')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildNative(undefined)
