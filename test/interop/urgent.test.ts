// ABOR with telnet's signals and TCP urgent data, in each phase of a transfer.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { succeed } from '../helpers/child.ts'
import { clientTest, pythonWith } from '../helpers/clients.ts'
import { lazyFixture } from '../helpers/fixture.ts'

const SCRIPT = fileURLToPath(new URL('python/urgent.py', import.meta.url))
const python = pythonWith('ftplib')
const home = await mkdtemp(join(tmpdir(), 'sallyport-urgent-'))
const fixture = lazyFixture({ args: ['--open'] })
after(async () => {
  await fixture.stop()
  await rm(home, { recursive: true, force: true })
})

clientTest('ABOR is understood whichever of its bytes went out of band', [python], async () => {
  const { info, user } = await fixture.get()
  const { password } = user('main')
  const input = JSON.stringify({ host: info.host, port: info.ftp?.port, user: 'main', password })
  await succeed(python.path ?? 'python3', ['-B', SCRIPT], { home, input })
})
