// listeners[].openEndedUploads: a client that ends its TLS as .NET's FtpWebRequest does, with and without the exception.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { succeed } from '../helpers/child.ts'
import { clientTest, pythonWith } from '../helpers/clients.ts'
import { lazyFixture } from '../helpers/fixture.ts'

const SCRIPT = fileURLToPath(new URL('python/open_ended.py', import.meta.url))
const CONTENT = 'all of it\n'
const python = pythonWith('ftplib')
const home = await mkdtemp(join(tmpdir(), 'sallyport-open-ended-'))

function exception(networks: string): string {
  return `{ networks: [${networks}], until: "2999-12-31", owner: ops, reason: an old program }`
}

const excepted = lazyFixture({
  args: ['--set', `listeners.ftpes.openEndedUploads=[${exception('127.0.0.0/8')}]`],
})
const others = lazyFixture({
  args: ['--set', `listeners.ftpes.openEndedUploads=[${exception('10.0.0.0/8')}]`],
})
after(async () => {
  await Promise.all([excepted.stop(), others.stop()])
  await rm(home, { recursive: true, force: true })
})

async function upload(fixture: typeof excepted, name: string): Promise<string> {
  const { info, user } = await fixture.get()
  const { servername, ca } = info.tls
  const { password } = user('main')
  const job = { servername, port: info.ftpes.port, ca, user: 'main', password, name, content: CONTENT }
  const ran = await succeed(python.path ?? 'python3', ['-B', SCRIPT], { home, input: JSON.stringify(job) })
  return ran.stdout
}

clientTest(
  'an upload without close_notify counts where the exception is for its client',
  [python],
  async () => {
    assert.match(await upload(excepted, 'whole'), /^226/)
    const { user, audited } = await excepted.get()
    assert.equal(await readFile(join(user('main').root, 'whole'), 'utf8'), CONTENT)
    const line = await audited(
      ({ type, path }) => type === 'file.transfer' && path === '/whole',
      'the upload',
    )
    assert.deepEqual([line.outcome, line.unconfirmed], ['complete', true])
  },
)

clientTest('and is a part where it is not', [python], async () => {
  assert.match(await upload(others, 'part'), /^426/)
  const { audited } = await others.get()
  const line = await audited(({ type, path }) => type === 'file.transfer' && path === '/part', 'the upload')
  assert.deepEqual([line.outcome, line.unconfirmed], ['aborted', undefined])
})
