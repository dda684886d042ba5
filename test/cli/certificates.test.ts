import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeClientAuthority } from '../../scripts/fixture/client-authority.ts'
import { createReadyProject } from './harness.ts'

const authority = await makeClientAuthority('clients')
const pair = await authority.issue('first')
const colons = new X509Certificate(pair.certificate).fingerprint256
const bare = colons.replaceAll(':', '').toLowerCase()

test('certificates are added and taken away by fingerprint, in either form', async (t) => {
  const project = await createReadyProject(t)
  const file = join(project.dir, 'first.crt')
  await writeFile(file, pair.certificate)
  const added = await project.run(['user', 'cert', 'add', 'first', file])
  assert.equal(added.code, 0, added.err)
  assert.equal(added.out, `first has a new certificate.\n${bare} CN=first\n`)
  assert.match(added.err, /none of the chains of first has "client-cert"/)
  assert.match(added.err, /no listener asks for client certificates/)
  const shown = await project.run(['user', 'show', 'first', '--json'])
  assert.deepEqual(JSON.parse(shown.out).certificates, [bare])

  const again = await project.run(['user', 'cert', 'add', 'first', '-'], pair.certificate)
  assert.equal(again.code, 1)
  assert.match(again.err, /this certificate is in the list already/)

  const removed = await project.run(['user', 'cert', 'rm', 'first', colons])
  assert.deepEqual([removed.code, removed.out], [0, `Removed ${bare}.\n`])
  const absent = await project.run(['user', 'cert', 'rm', 'first', bare])
  assert.equal(absent.code, 1)
  assert.match(absent.err, /first has no certificate/)
})

test('certificates are added and taken away by subject', async (t) => {
  const project = await createReadyProject(t)
  const added = await project.run(['user', 'cert', 'add', 'first', '-', '--subject'], pair.certificate)
  assert.deepEqual([added.code, added.out], [0, 'first has a new certificate.\nCN=first\n'], added.err)
  const shown = await project.run(['user', 'show', 'first', '--json'])
  assert.deepEqual(JSON.parse(shown.out).certificates, ['CN=first'])
  const removed = await project.run(['user', 'cert', 'rm', 'first', 'CN = first'])
  assert.deepEqual([removed.code, removed.out], [0, 'Removed CN=first.\n'])
})

test('an expired certificate is taken with a note, a key or nonsense is not', async (t) => {
  const project = await createReadyProject(t)
  const expired = await authority.issue('first', { endsInDays: -1 })
  const noted = await project.run(['user', 'cert', 'add', 'first', '-'], expired.certificate)
  assert.equal(noted.code, 0)
  assert.match(noted.err, /has expired/)
  for (const [text, message] of [
    [pair.key, /holds a private key/],
    ['nonsense', /holds no certificate/],
  ] as const) {
    const { code, err } = await project.run(['user', 'cert', 'add', 'first', '-'], text)
    assert.equal(code, 1)
    assert.match(err, message)
  }
})

test('explain names the rule of a listener and of its hosts, check the names nobody has', async (t) => {
  const project = await createReadyProject(t)
  const hosts = JSON.stringify([{ name: 'one.test', users: ['first'] }])
  const set = ['--set', 'listeners.ftp.users=someone', '--set', `listeners.ftp.hosts=${hosts}`]
  const ask = ['explain', '--user', 'first', '--from', '192.0.2.7', '--door', 'ftps', '--listener', 'ftp']
  const denied = await project.run([...ask, ...set])
  assert.equal(denied.code, 1)
  assert.match(denied.out, /^DENY .*listener-not-allowed$/m)
  assert.match(denied.out, /^listener +deny +Listener ftp does not have the user on its list\.$/m)
  const allowed = await project.run([...ask, '--host', 'one.test', ...set])
  assert.equal(allowed.code, 0, allowed.err)
  assert.match(allowed.out, /by ftps on host one\.test of listener ftp/)
  const unknown = await project.run([...ask, '--host', 'two.test', ...set])
  assert.equal(unknown.code, 2)
  assert.match(unknown.err, /Listener ftp has no host "two\.test"\.\n {2}It has one\.test\./)
  const checked = await project.run(['check', ...set])
  assert.match(checked.out, /listener ftp admits "someone", whom the users file does not have/)
  const groups = ['--set', 'listeners.ftp.users=@staff']
  assert.match((await project.run(['check', ...groups])).out, /admits "@staff", a group that nobody is in/)
  const added = await project.run(
    ['user', 'add', 'member', '--group', 'staff', '--stdin'],
    'a long pass phrase\n',
  )
  assert.equal(added.code, 0, added.err)
  assert.match((await project.run(['user', 'show', 'member'])).out, /^groups +staff$/m)
  const member = await project.run(['explain', '--user', 'member', ...ask.slice(3), ...groups])
  assert.match(member.out, /^listener +pass +Listener ftp has the user's group staff on its list\.$/m)
  assert.doesNotMatch((await project.run(['check', ...groups])).out, /admits/)
  const open = await project.run(['check', '--set', 'listeners.ftp.anonymous=true'])
  assert.match(open.out, /listener ftp takes anonymous users, but the users file has none/)
})

test('check warns of a revocation list that runs out, or has', async (t) => {
  const project = await createReadyProject(t)
  const [ca, crl] = [join(project.dir, 'ca.pem'), join(project.dir, 'list.pem')]
  await writeFile(ca, authority.certificate)
  const sets = ['clientCertificates=request', `clientCaFile=${ca}`, `crlFile=${crl}`]
  const told = async (endsInDays: number) => {
    await writeFile(crl, await authority.revocationList([], endsInDays))
    return (await project.run(['check', ...sets.flatMap((set) => ['--set', `listeners.ftp.${set}`])])).out
  }
  assert.match(
    await told(10.5),
    /warning: the revocation list in .*list\.pem runs out in 10 days, 20\d\d-.*Z;/,
  )
  assert.match(
    await told(-0.5),
    /warning: the revocation list in .* ran out 20.*; every client certificate is/,
  )
  assert.doesNotMatch(await told(100), /revocation list/)
})

test('check warns of client authorities that count for nothing, and of a host by another name', async (t) => {
  const project = await createReadyProject(t)
  const impostor = await makeClientAuthority('others')
  const files = {
    ca: authority.certificate,
    leaf: pair.certificate,
    key: pair.key,
    crl: await authority.revocationList([]),
    foreign: await impostor.revocationList([]),
  }
  for (const [name, text] of Object.entries(files))
    await writeFile(join(project.dir, `${name}.pem`), text, { mode: 0o600 })
  const told = async (...sets: readonly string[]) =>
    (await project.run(['check', ...sets.flatMap((set) => ['--set', `listeners.ftp.${set}`])])).out
  const asked = 'clientCertificates=request'
  const sound = await told(asked, 'clientCaFile=ca.pem', 'crlFile=crl.pem')
  assert.doesNotMatch(sound, /client certificates/)
  const foreign = await told(asked, 'clientCaFile=ca.pem', 'crlFile=foreign.pem')
  assert.match(foreign, /foreign\.pem has no list of CN=clients; none of its client certificates counts/)
  assert.match(await told(asked, 'clientCaFile=leaf.pem'), /leaf\.pem has no root for CN=first; none of its/)
  const host = { name: 'one.test', certificateFile: 'leaf.pem', keyFile: 'key.pem' }
  const named = await told(`hosts=${JSON.stringify([host])}`)
  assert.match(named, /the certificate in .*leaf\.pem is not for one\.test; clients of that host refuse it/)
})

test('check asks for no host keys where nothing speaks SFTP, as serve does', async (t) => {
  const project = await createReadyProject(t)
  const listeners = ['ftp', 'ftps', 'sftp'].map((name) => `  - { name: ${name}, door: ftp, port: 0 }`)
  const text = ['listeners:', ...listeners, 'keys: { hostKeys: [none] }', ''].join('\n')
  await writeFile(join(project.dir, 'config', 'sallyport.yaml'), text)
  const checked = await project.run(['check'])
  assert.equal(checked.code, 0, checked.err)
})
