import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type TestContext, test } from 'node:test'

/** Set by `.ci/run`: then a client that is not installed is a failure, not a skip. */
const REQUIRED = process.env.REQUIRE_CLIENTS === '1'

const TEST_TIMEOUT_MS = 240_000

/** Full path of a program in PATH or other folders, or undefined. */
export function findProgram(name: string, folders = process.env.PATH ?? ''): string | undefined {
  for (const folder of folders.split(delimiter)) {
    const candidate = join(folder, name)
    try {
      accessSync(candidate, constants.X_OK)
      return candidate
    } catch {
      // The next folder may have it.
    }
  }
  return undefined
}

/**
 * A Python that has the module. The system's own comes first, because that is where Debian's python3-* packages go,
 * whatever other Python the PATH names.
 */
export function findPython(module: string): string | undefined {
  return ['/usr/bin/python3', 'python3'].find(
    (python) =>
      spawnSync(python, ['-W', 'ignore', '-c', `import ${module}`], { stdio: 'ignore' }).status === 0,
  )
}

/** A program that a test needs, as it is called in messages, and where it is (undefined: not installed). */
export type Client = Readonly<{
  name: string
  path: string | undefined
  /** Nothing that the system's packages bring, or something that the machine allows: without it the test is skipped in any case. */
  ofMachine?: true
}>

export function program(name: string): Client {
  return { name, path: findProgram(name) }
}

/** As `program`, but first where NEWER_CLIENTS says that later versions are than those of the system. */
export function newerProgram(name: string): Client {
  const folder = process.env.NEWER_CLIENTS
  const newer = folder === undefined ? undefined : findProgram(name, folder)
  return { name, path: newer ?? findProgram(name), ofMachine: true }
}

export function pythonWith(module: string): Client {
  return { name: `python3 with ${module}`, path: findPython(module) }
}

/** Where Debian's packages put what Java programs share. */
const JARS = '/usr/share/java'

export function jar(name: string): Client {
  const path = `${JARS}/${name}.jar`
  return { name, path: existsSync(path) ? path : undefined }
}

/** A Perl that has the module. */
export function perlWith(module: string): Client {
  const path = findProgram('perl')
  const has = path !== undefined && spawnSync(path, [`-M${module}`, '-e1'], { stdio: 'ignore' }).status === 0
  return { name: `perl with ${module}`, path: has ? path : undefined }
}

const FUSE = '/dev/fuse'
/** Bit of CAP_SYS_ADMIN in the capability sets of /proc. */
const SYS_ADMIN = 1n << 21n

function canMount(): boolean {
  try {
    accessSync(FUSE, constants.R_OK | constants.W_OK)
    const effective = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return effective !== undefined && (BigInt(`0x${effective}`) & SYS_ADMIN) !== 0n
  } catch {
    return false
  }
}

/** Leave to mount user-space file systems, which containers mostly withhold. */
export const mountable: Client = {
  name: 'leave to mount with FUSE',
  path: canMount() ? FUSE : undefined,
  ofMachine: true,
}

/** For clients that npm brings along: always there. */
export const NPM_CLIENT: Client = { name: 'npm client', path: process.execPath }

/**
 * A test that needs programs npm does not bring. One that is absent skips the test with a reason, unless
 * REQUIRE_CLIENTS=1, when it fails.
 */
export function clientTest(
  name: string,
  needs: readonly Client[],
  fn: (t: TestContext) => Promise<void>,
): void {
  const absent = needs.filter((need) => need.path === undefined)
  const missing = absent.map((need) => need.name)
  const reason = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed`
  if (missing.length === 0) test(name, { timeout: TEST_TIMEOUT_MS }, fn)
  else if (!REQUIRED || absent.some((need) => need.ofMachine)) test(name, { skip: reason }, () => {})
  else {
    test(name, () => {
      throw new Error(`${reason}, and REQUIRE_CLIENTS=1 says that nothing may be skipped`)
    })
  }
}
