// Makes a checkout runnable: dependencies as locked, the pinned Node, and our native part built.
// Runs on whatever Node the system has (npm starts it before the pinned one exists), so it is plain JavaScript.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildNative } from '../native/build.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const at = (...parts) => join(root, ...parts)
const pinnedNode = at('node_modules', 'node', 'bin', 'node')

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

/** The headers come with the pinned runtime's own package, which a later `npm install` may prune. */
function headers() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  return at('node_modules', 'node', 'node_modules', name)
}

if (!installed()) {
  console.error('Installing dependencies and the pinned Node runtime …')
  // Not `npm ci`: it refuses a lock file made from a registry that lacks the optional packages of other platforms.
  // What the lock file names is installed as it says, and --no-save leaves the file alone.
  npm(['install', '--no-save'])
}
// Never used by the server (src/sftp/ssh2.ts); in the tests' clients it would end the process all the same.
rmSync(at('node_modules', 'ssh2', 'lib', 'protocol', 'crypto', 'build'), { recursive: true, force: true })
buildNative(headers())
