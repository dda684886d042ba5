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
