// Java's Apache Commons Net, the FTP of most Java programs. It resumes no TLS session, ends TLS 1.3 with user_canceled before
// close_notify, and closes without a look at what the server sends.
import assert from 'node:assert/strict'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { succeed } from '../helpers/child.ts'
import { clientTest, jar, program } from '../helpers/clients.ts'
import { lazyFixture } from '../helpers/fixture.ts'
import { FTP_LISTENERS, LISTENER_TITLES, type Listener } from './driver.ts'

const java = program('java')
const commonsNet = jar('commons-net')
const source = fileURLToPath(new URL('java/Transfers.java', import.meta.url))

const fixture = lazyFixture({ args: ['--open'] })
after(fixture.stop)

async function transfers(listener: Listener, flags: readonly string[], folder: string): Promise<string> {
  const { info, user, dir } = await fixture.get()
  const { user: name, password, root } = user('main')
  const port = info[listener]?.port
  await mkdir(join(root, folder))
  const args = [
    ...flags,
    '-cp',
    commonsNet.path ?? '',
    source,
    listener,
    info.host,
    String(port),
    name,
    password,
    folder,
  ]
  const ran = await succeed(java.path ?? 'java', args, { home: join(dir, 'java') })
  assert.equal(await readFile(join(root, folder, 'text.txt'), 'latin1'), 'one\ntwo\n\0\0\0')
  await rm(join(root, folder), { recursive: true })
  return ran.stdout
}

for (const listener of FTP_LISTENERS) {
  clientTest(`Commons Net over ${LISTENER_TITLES[listener]}`, [java, commonsNet], async () => {
    assert.match(await transfers(listener, [], listener), /^rmdir$/m)
  })
}

clientTest('Commons Net over TLS 1.2', [java, commonsNet], async () => {
  const flags = ['-Djdk.tls.client.protocols=TLSv1.2']
  assert.match(await transfers('ftpes', flags, 'tls-1.2'), /^rmdir$/m)
})
