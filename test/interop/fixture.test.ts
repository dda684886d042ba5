// What suites outside of this project rely on: the fixture's folder, its line of JSON and what starts it again.
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Fixture, type FixtureInfo, startFixture } from '../helpers/fixture.ts'

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  main: ['password', 'root', 'base', 'ssh_key', 'tls_cert', 'tls_key'],
  second: ['password', 'root', 'base', 'ssh_key', 'tls_cert', 'tls_key'],
  readonly: ['password', 'root'],
  mfa: ['password', 'totp', 'root'],
  mfakey: ['ssh_key', 'totp', 'root'],
  keypass: ['password', 'ssh_key', 'root'],
  certpass: ['password', 'tls_cert', 'tls_key', 'root'],
  ipdenied: ['password', 'root'],
  disabled: ['password'],
  expired: ['password'],
  lockout: ['password', 'root'],
  quota: ['password', 'root', 'quota_bytes', 'quota_files'],
  legacy: ['password', 'root'],
  anonymous: ['root'],
}

let dir: string
let fixture: Fixture | undefined

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-fixture-'))
})
after(async () => {
  await fixture?.stop()
  await rm(dir, { recursive: true, force: true })
})

function stays({ ftpes, ftps, sftp, users }: FixtureInfo): object {
  return { ftpes, ftps, sftp, users }
}

test('the fixture names every user with all that belongs to it', async () => {
  fixture = await startFixture({ dir })
  const { users } = fixture.info
  assert.deepEqual(Object.keys(users).sort(), Object.keys(FIELDS).sort())
  for (const [name, fields] of Object.entries(FIELDS)) {
    const given = Object.keys(users[name] ?? {})
    assert.deepEqual(
      fields.filter((field) => !given.includes(field)),
      [],
      name,
    )
  }
  assert.equal(fixture.info.ftp, undefined)
})

test('killed and started again on its folder, it has the same ports, keys and users', async () => {
  const first = fixture ?? (await startFixture({ dir }))
  await first.kill()
  fixture = await startFixture({ dir })
  assert.deepEqual(stays(fixture.info), stays(first.info))
})

test('SIGHUP is a reload, as of the server itself', async () => {
  const running = fixture ?? (await startFixture({ dir }))
  await appendFile(join(dir, 'config', 'sallyport.yaml'), 'access: { deny: [192.0.2.0/24] }\n')
  running.signal('SIGHUP')
  const { changed } = await running.audited(({ type }) => type === 'server.reloaded', 'server.reloaded')
  assert.deepEqual(changed, ['access'])
})

test('a folder whose making was cut short is made again', async () => {
  await fixture?.stop({ keep: true })
  // Written last, when keys and users are there.
  await rm(join(dir, 'fixture.json'))
  fixture = await startFixture({ dir })
  const saved: unknown = JSON.parse(await readFile(join(dir, 'fixture.json'), 'utf8'))
  assert.deepEqual((saved as { people: unknown }).people, fixture.info.users)
})
