// MODE Z with lftp, the client that has it: packed uploads, downloads and listings.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { run } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { lazyFixture } from '../helpers/fixture.ts'

const home = await mkdtemp(join(tmpdir(), 'sallyport-deflate-'))
const fixture = lazyFixture({ args: ['--set', 'ftp.modeZ=true'] })
after(async () => {
  await fixture.stop()
  await rm(home, { recursive: true, force: true })
})

const CONTENT = 'a line that packs well\n'.repeat(100_000)

clientTest('lftp packs what it sends and gets, in TLS', [program('lftp')], async () => {
  const { info, user, dir } = await fixture.get()
  const [source, target] = [join(home, 'source.csv'), join(home, 'target.csv')]
  await writeFile(source, CONTENT)
  const script = [
    'set cmd:fail-exit true',
    'set net:max-retries 1',
    'set dns:order inet',
    'set ftp:use-mode-z true',
    'set ftp:ssl-force true',
    'set ftp:ssl-protect-data true',
    `set ssl:ca-file ${info.tls.ca}`,
    `debug -o ${join(home, 'dialogue')} 9`,
    `open -u main,${user('main').password} -p ${info.ftpes.port} ftp://${info.tls.servername}`,
    `put ${source} -o packed.csv`,
    `get packed.csv -o ${target}`,
    'cls -1',
    'bye',
    '',
  ]
  const ran = await run('lftp', ['--norc'], { home, input: script.join('\n') })
  assert.equal(ran.code, 0, ran.stderr)
  assert.match(ran.stdout, /^packed\.csv$/m)
  assert.equal(await readFile(target, 'utf8'), CONTENT)
  assert.equal(await readFile(join(user('main').root, 'packed.csv'), 'utf8'), CONTENT, dir)
  const dialogue = await readFile(join(home, 'dialogue'), 'utf8')
  assert.match(dialogue, /200 Mode is Z\./)
})
