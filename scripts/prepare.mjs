// Makes a checkout runnable: dependencies as locked, the pinned Node, and the native parts (ssh2's and ours) built.
// Runs on whatever Node the system has (npm starts it before the pinned one exists), so it is plain JavaScript.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildNative } from '../native/build.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const at = (...parts) => join(root, ...parts)
const pinnedNode = at('node_modules', 'node', 'bin', 'node')
const addon = at('node_modules', 'ssh2', 'lib', 'protocol', 'crypto', 'build', 'Release', 'sshcrypto.node')

function npm(args, env = {}) {
  // The log level keeps npm's remarks about the system's older Node out of a new user's first minute.
  const result = spawnSync('npm', [...args, '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    // Standard output belongs to the command that comes after, such as the fixture's one line of JSON.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
  })
  if (result.status !== 0) {
    console.error(
      `\nnpm ${args.join(' ')} failed. Check the network or registry settings, then run the command again.`,
    )
    process.exit(1)
  }
}

/** True when node_modules holds what package-lock.json says, judged by npm's own record of its last install. */
function installed() {
  const record = at('node_modules', '.package-lock.json')
  if (!existsSync(record) || !existsSync(pinnedNode)) return false
  const wanted = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(record, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  )
}

function addonLoads() {
  if (!existsSync(addon)) return false
  const probe = spawnSync(pinnedNode, ['-e', `require(${JSON.stringify(addon)})`], { stdio: 'ignore' })
  return probe.status === 0
}

/** The headers come with the pinned runtime's own package, which a later `npm install` may prune. */
function headers() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  return at('node_modules', 'node', 'node_modules', name)
}

function hasCompiler() {
  return ['c++', 'g++', 'clang++'].some((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

if (!installed()) {
  console.error('Installing dependencies and the pinned Node runtime …')
  // Not `npm ci`: it refuses a lock file made from a registry that lacks the optional packages of other platforms.
  // What the lock file names is installed as it says, and --no-save leaves the file alone.
  npm(['install', '--no-save'])
}
if (!addonLoads() && hasCompiler()) {
  console.error("Building ssh2's native cipher code, for the tests' clients …")
  if (!existsSync(join(headers(), 'include'))) npm(['rebuild', 'node'])
  const built = spawnSync('npm', ['rebuild', 'ssh2', '--loglevel=silent'], {
    cwd: root,
    stdio: 'ignore',
    env: {
      ...process.env,
      npm_config_nodedir: headers(),
      PATH: `${dirname(pinnedNode)}:${process.env.PATH}`,
    },
  })
  if (built.status !== 0 || !addonLoads()) {
    console.error(
      '  It did not build; our own stand in for it, or SFTP costs more CPU. The server says at start what it has.',
    )
  }
}
buildNative(headers())
