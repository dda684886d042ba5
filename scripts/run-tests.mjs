// Runs the tests with node:test and closes with one line: N passed, N failed, N skipped.
// Arguments are files or folders below test/; none means all.
import { globSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const wanted = process.argv.slice(2)
const files = (wanted.length > 0 ? wanted : ['test']).flatMap((path) =>
  statSync(path).isDirectory() ? globSync(`${path}/**/*.test.ts`) : [path],
)
const counts = { passed: 0, failed: 0, skipped: 0 }
const skips = []
/** Milliseconds of each file, to see what makes a run long. */
const durations = new Map()
const SLOWEST = 10

const stream = run({
  files: files.sort(),
  concurrency: Math.max(2, availableParallelism()),
  timeout: 300_000,
})
stream.on('test:pass', (event) => {
  if (event.details?.type === 'suite') return
  if (event.skip === undefined) counts.passed += 1
  else {
    counts.skipped += 1
    skips.push(`${event.name}${typeof event.skip === 'string' && event.skip !== '' ? `: ${event.skip}` : ''}`)
  }
})
stream.on('test:fail', (event) => {
  if (event.details?.type === 'suite' && event.details.error?.failureType === 'subtestsFailed') return
  counts.failed += 1
})
stream.on('test:summary', ({ file, duration_ms }) => {
  if (file !== undefined) durations.set(relative('', file), duration_ms)
})
stream.compose(new spec()).pipe(process.stdout)
stream.on('end', () => {
  process.once('exit', () => {
    if (skips.length > 0) console.log(`\nSkipped:\n${skips.map((line) => `  ${line}`).join('\n')}`)
    const slowest = [...durations].sort(([, left], [, right]) => right - left).slice(0, SLOWEST)
    console.log('\nSlowest files:')
    for (const [file, duration] of slowest)
      console.log(`  ${(duration / 1000).toFixed(1).padStart(6)} s  ${file}`)
    if (counts.passed + counts.failed === 0) counts.failed += 1
    if (counts.failed > 0) process.exitCode = 1
    console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  })
})
