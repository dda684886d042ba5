// Started by edit.test.ts, twice at once: adds users, one edit each.
import { systemClock } from '../../src/server/system-clock.ts'
import { createUserEditor } from '../../src/users/editor.ts'
import { createSecretBox } from '../../src/users/secret-box.ts'

const [file = '', prefix = '', count = '0'] = process.argv.slice(2)
const editor = createUserEditor({
  file,
  homes: '/srv/home',
  secrets: createSecretBox(Buffer.alloc(32, 7)),
  clock: systemClock,
})
for (let index = 0; index < Number(count); index += 1) {
  const result = await editor.addUser(`${prefix}${index}`, { home: `home-${prefix}${index}` })
  if (!result.ok) throw new Error(JSON.stringify(result))
  process.stdout.write('.')
}
