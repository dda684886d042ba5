/** As `engines` in package.json says; a test compares. */
export const OLDEST_NODE = [24, 7] as const

/** What to tell the operator when this Node cannot run the server; undefined when it can. `version` as in `process.versions`. */
export function runtimeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined
  return (
    `Sallyport needs Node ${oldestMajor}.${oldestMinor} or newer; this is Node ${version}.\n` +
    '  Install a newer one, or start it with one that is there: /path/to/node /path/to/sallyport.'
  )
}
