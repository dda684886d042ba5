// Run by sqlite.test.ts with a limit on the size of files: locks keys until the store says that it cannot, or lies.
import { createSqliteStateStore } from '../../src/state/sqlite.ts'

const [file = '', most = ''] = process.argv.slice(2)
const store = createSqliteStateStore({ file, instance: 'run-1' })
const rule = { after: 1, windowMs: 1000, lockMs: 5000 }
let told = ''
let count = 0
while (count < Number(most) && told === '') {
  count += 1
  try {
    const { lockedUntil } = await store.recordFailure(`key-${count}`, 1000, rule)
    if (lockedUntil !== (await store.lockedUntil(`key-${count}`, 1000))) told = 'locked, but not kept'
  } catch {
    told = 'refused'
  }
}
process.stdout.write(JSON.stringify({ told, count }))
