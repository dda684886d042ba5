import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ACTIONS } from '../../src/core/identity.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, ftpUser, startFtpServer } from '../helpers/ftp-server.ts'
import { createLocalUnderTest, type LocalUnderTest } from '../helpers/local-storage.ts'
import { mount } from '../helpers/vfs.ts'

/** Names that have to come back as they went in; what systems mangle most is among them. */
const NAMES = [
  'a\tb',
  'It\u0092s',
  'a\u001b[31mb',
  'bell\u0007',
  'del\u007f',
  'line\u2028separator',
  ' leading',
  'trailing ',
  '-dash',
  '"quotes"',
  'caf\u00e9',
  'cafe\u0301',
  '20200101000000 x',
]
/** A reply ends at a CR LF; some clients take a CR alone for an end as well. */
const BROKEN = 'x\r\n250 y'

describe('names as clients get them', () => {
  let local: LocalUnderTest
  let server: FtpTestServer
  let client: FtpClient
  before(async () => {
    local = await createLocalUnderTest()
    const inbox = join(local.root, 'elsewhere')
    const mounts = [
      mount('/', local.root, ['list', 'read']),
      mount('/inbox', inbox, ['list', 'create', 'mkdir']),
    ]
    const people = [
      ftpUser('disk', ACTIONS, { mounts: [mount('/', local.root, ACTIONS)] }),
      ftpUser('drop', ACTIONS, { mounts }),
      ftpUser('movers', ACTIONS, { mounts: [mount('/', local.root), mount('/inbox', inbox)] }),
      ftpUser('ways', ACTIONS, { mounts: [mount('/', local.root), mount('/way/to/inbox', inbox)] }),
    ]
    server = await startFtpServer({ storage: local.storage, people })
    client = await connectFtp(server)
    await client.secure()
    await client.login('disk')
  })
  after(async () => {
    client.destroy()
    await server.close()
    await local.close()
    assert.deepEqual(server.errors, [])
  })

  const lines = async (command: string): Promise<string[]> =>
    (await client.download(command)).text.split('\r\n').slice(0, -1)

  test('what a program reads has every name as it is', async () => {
    await client.send('MKD exact')
    for (const name of NAMES) assert.match(await client.upload(`STOR exact/${name}`, name), /^226/)
    const wanted = new Set(NAMES)
    assert.deepEqual(new Set((await lines('MLSD exact')).map((line) => line.replace(/^\S+ /, ''))), wanted)
    for (const path of await lines('NLST exact'))
      assert.match((await client.download(`RETR ${path}`)).reply, /^226/)
    await client.send('CWD exact')
    assert.deepEqual(new Set(await lines('NLST')), wanted)
    for (const name of NAMES) {
      assert.equal((await client.download(`RETR ${name}`)).text, name)
      const fact = (await client.send(`MLST ${name}`)).split('\n')[1]
      assert.ok(fact?.endsWith(`; /exact/${name}`), fact)
    }
    await client.send('CWD /')
  })

  test('the current directory can be entered again by what PWD says of it', async () => {
    for (const name of NAMES) {
      await client.send(`MKD dir ${name}`)
      await client.send(`CWD dir ${name}`)
      const said = /^257 "(.*)" is/s.exec(await client.send('PWD'))?.[1]?.replaceAll('""', '"')
      assert.equal(said, `/dir ${name}`)
      assert.match(await client.send(`CWD ${said}`), /^250/)
      await client.send('CWD /')
    }
  })

  test('what a person reads has no controls, and nothing has a second line', async () => {
    mkdirSync(join(local.root, 'broken', BROKEN), { recursive: true })
    writeFileSync(join(local.root, 'broken', 'a\u001b\tb'), '')
    assert.match((await lines('LIST broken')).sort().join('\n'), /^-rw.* a\?\tb\ndrw.* x\?\?250 y$/)
    assert.match(await client.send('STAT broken'), /^-rw.* a\?\tb$/m)
    const names = (await lines('NLST broken')).sort()
    assert.deepEqual(names, ['broken/a\u001b\tb', 'broken/x??250 y'])
    assert.equal((await lines('MLSD broken')).length, 2)
    client.write('CWD broken/x\r\0y\r\n')
    assert.match((await client.reply()) ?? '', /^550/)
    client.write('MKD c\r\0d\r\n')
    assert.equal(await client.reply(), '257 "/c?d" created.')
  })

  test('a link is shown with its target, as `ls -l` does', async () => {
    mkdirSync(join(local.root, 'links'))
    writeFileSync(join(local.root, 'links', 'file'), 'x')
    symlinkSync('file', join(local.root, 'links', 'good'))
    symlinkSync('none', join(local.root, 'links', 'dangling'))
    const shown = (await lines('LIST links')).map((line) => line.replace(/^(.).*:\d\d /, '$1 ')).sort()
    assert.deepEqual(shown, ['- file', 'l dangling -> none', 'l good -> file'])
    assert.match(await client.send('STAT links'), /^l.* good -> file$/m)
    assert.deepEqual((await lines('NLST links')).sort(), ['links/dangling', 'links/file', 'links/good'])
    assert.match((await lines('MLSD links')).join('\n'), /^type=file;size=1;.* good$/m)
  })

  test('a link that is asked for by name is shown as in the listing of its directory', async () => {
    mkdirSync(join(local.root, 'named', 'dir'), { recursive: true })
    writeFileSync(join(local.root, 'named', 'dir', 'inside'), 'x')
    symlinkSync('dir/inside', join(local.root, 'named', 'good'))
    symlinkSync('dir', join(local.root, 'named', 'way'))
    symlinkSync('none', join(local.root, 'named', 'dangling'))
    symlinkSync('loop', join(local.root, 'named', 'loop'))
    const shown = async (path: string) =>
      (await lines(`LIST ${path}`)).map((line) => line.replace(/^(.).*:\d\d /, '$1 ')).join()
    assert.equal(await shown('named/good'), 'l good -> dir/inside')
    assert.equal(await shown('named/dangling'), 'l dangling -> none')
    assert.equal(await shown('named/loop'), 'l loop -> loop')
    assert.equal(await shown('named/way'), '- inside')
    assert.equal(await shown('-d named/way'), 'l way -> dir')
    assert.match(await client.send('STAT named/dangling'), /^213-.*^l.* dangling -> none$/ms)
    assert.deepEqual(await lines('NLST named/dangling'), ['named/dangling'])
    await client.send('EPSV')
    assert.equal(await client.send('NLST named/dangling/none'), '550 No such file or directory.')
    assert.equal(await client.send('RETR named/dangling'), '550 No such file or directory.')
  })

  test('a pipe is refused as a file is, so that a mirror goes on with the next', async () => {
    mkdirSync(join(local.root, 'pipes'))
    execFileSync('mkfifo', [join(local.root, 'pipes', 'pipe')])
    assert.match((await lines('MLSD pipes')).join(), /^type=OS\.unix=other;/)
    // curl takes a letter that it does not know for the end of the listing.
    assert.match((await lines('LIST pipes')).join(), /^p.* pipe$/)
    assert.equal((await client.download('RETR pipes/pipe')).reply, '550 Not supported here.')
    assert.equal(await client.send('SIZE pipes/pipe'), '550 Not supported here.')
    assert.equal(await client.upload('STOR pipes/pipe', 'x'), '553 Not supported here.')
    assert.equal(await client.send('HASH pipes/pipe'), '550 Not supported here.')
  })

  test('a rename from mount to mount is refused for these names alone', async () => {
    const other = await connectFtp(server)
    await other.secure()
    await other.login('movers')
    await other.upload('STOR inbox/new', 'x')
    await other.send('RNFR inbox/new')
    assert.equal(await other.send('RNTO new'), '553 Not supported here.')
    other.destroy()
  })

  test('STAT says that it leaves entries out only when it does', async () => {
    const many = join(local.root, 'many')
    mkdirSync(many)
    for (let count = 0; count < 1000; count += 1) writeFileSync(join(many, `f${count}`), '')
    const all = (await client.send('STAT many')).split('\n')
    assert.deepEqual([all.length, all.at(-1)], [1002, '212 End'])
    writeFileSync(join(many, 'one more'), '')
    const most = (await client.send('STAT many')).split('\n')
    assert.deepEqual([most.length, most.at(-1)], [1002, '212 More entries are left out; use LIST.'])
  })

  test('a mount in a listing has the rights of its own mount, and its name nobody may touch', async () => {
    const other = await connectFtp(server)
    await other.secure()
    await other.login('drop')
    writeFileSync(join(local.root, 'plain'), '')
    const listed = (await other.download('MLSD')).text
    assert.match(listed, /^type=dir;.*perm=celm;.* inbox\r$/m)
    assert.match(listed, /^type=dir;.*perm=el;.* elsewhere\r$/m)
    assert.match(listed, /^type=file;.*perm=r;.* plain\r$/m)
    assert.match(await other.send('MLST inbox'), /perm=celm;/)
    assert.match(await other.send('MLST /'), /perm=el;/)
    other.destroy()
  })

  test('neither a mount nor the way to one says that it can be removed or renamed, whatever the rights', async () => {
    const other = await connectFtp(server)
    await other.secure()
    await other.login('ways')
    const unique = new Set<string | undefined>()
    for (const [folder, name] of [
      ['', 'way'],
      ['way', 'to'],
      ['way/to', 'inbox'],
    ]) {
      const listed = (await other.download(`MLSD ${folder}`)).text
      const line = new RegExp(`^type=dir;.* ${name}\r$`, 'm').exec(listed)?.[0] ?? ''
      assert.match(line, /;perm=celmp;/)
      assert.match(await other.send(`MLST ${folder}/${name}`), /;perm=celmp;/)
      assert.match(await other.send(`RMD ${folder}/${name}`), /^550/)
      unique.add(/unique=(\w+)/.exec(line)?.[1])
    }
    assert.equal(unique.size, 3)
    other.destroy()
  })
})
