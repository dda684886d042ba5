// One server, several faces: listeners and names with certificates, banners and users of their own.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { makeCertificates } from '../../src/cli/setup/certificate.ts'
import { run } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { eventually, type Fixture, startFixture } from '../helpers/fixture.ts'

const dir = await mkdtemp(join(tmpdir(), 'sallyport-hosts-'))
const NAMES = ['ftps.test', 'one.test', 'two.test'] as const
const authorities: Record<string, string> = {}

for (const name of NAMES) {
  const set = await makeCertificates({ hosts: [name], addresses: [] }, Date.now())
  authorities[name] = set.authority
  await writeFile(join(dir, `${name}.crt`), set.certificate)
  await writeFile(join(dir, `${name}.key`), set.key, { mode: 0o600 })
}
await writeFile(join(dir, 'ftps.txt'), 'Welcome.\nAuthorised use only.\n')
await writeFile(join(dir, 'welcome.txt'), 'Uploads go to /in.\n')
await writeFile(join(dir, 'goodbye.txt'), 'Come again.\n')
await writeFile(join(dir, 'sftp.txt'), 'Partners only.\n')

const file = (name: string) => join(dir, name)
const SETTINGS = [
  `listeners.ftps.certificateFile=${file('ftps.test.crt')}`,
  `listeners.ftps.keyFile=${file('ftps.test.key')}`,
  `listeners.ftps.bannerFile=${file('ftps.txt')}`,
  `listeners.ftps.welcomeFile=${file('welcome.txt')}`,
  `listeners.ftps.goodbyeFile=${file('goodbye.txt')}`,
  'listeners.ftps.users=second',
  'listeners.ftps.passiveAddress=192.0.2.77',
  'listeners.ftps.passivePorts={from: 31000, to: 31099}',
  `listeners.ftps.hosts=${JSON.stringify([
    {
      name: 'one.test',
      certificateFile: file('one.test.crt'),
      keyFile: file('one.test.key'),
      banner: 'One.',
      users: ['main'],
    },
    { name: 'two.test', certificateFile: file('two.test.crt'), keyFile: file('two.test.key') },
    { name: 'three.test', users: ['@staff'] },
  ])}`,
  `listeners.sftp.bannerFile=${file('sftp.txt')}`,
  'listeners.sftp.users=second',
  'login.failureDelayMs=0',
  'login.lockout.user.after=0',
  'login.lockout.address.after=0',
]
let started: Promise<Fixture> | undefined
const fixture = () => {
  started ??= startFixture({ args: SETTINGS.flatMap((setting) => ['--set', setting]) })
  return started
}
after(async () => {
  await (await started)?.stop()
  await rm(dir, { recursive: true, force: true })
})

type Talk = Readonly<{ socket: TLSSocket; reply(): Promise<string>; say(line: string): Promise<string> }>

/** The certificate is checked: only the right one lets the talk begin. */
async function talk(servername: string | undefined, ca: string | undefined): Promise<Talk> {
  const { host, ftps } = (await fixture()).info
  const socket = connectTls({
    socket: connectTcp({ host, port: ftps.port }),
    ...(ca !== undefined && { ca }),
    // Without a name there is nothing to check the certificate against.
    ...(servername === undefined ? { checkServerIdentity: () => undefined } : { servername }),
  })
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  let text = ''
  let wake = () => {}
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
    wake()
  })
  const reply = async (): Promise<string> => {
    for (;;) {
      const whole = /^(?:\d{3}-[\s\S]*?\r\n)?\d{3} .*\r\n/.exec(text)?.[0]
      if (whole !== undefined) {
        text = text.slice(whole.length)
        return whole.trimEnd().replaceAll('\r\n', '\n')
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const say = (line: string) => {
    socket.write(`${line}\r\n`)
    return reply()
  }
  return { socket, reply, say }
}

async function logsIn({ say }: Talk, name: string): Promise<boolean> {
  const { password } = (await fixture()).user(name)
  assert.match(await say(`USER ${name}`), /^331/)
  const answer = await say(`PASS ${password}`)
  assert.match(answer, /^230-Uploads go to \/in\.\n230 Logged in\.$|^530 Login incorrect\.$/)
  return answer.startsWith('230')
}

test('without SNI or with a strange name: the certificate, banner and users of the listener', async () => {
  for (const name of [undefined, 'ftps.test']) {
    const client = await talk(name, authorities['ftps.test'])
    assert.equal(await client.reply(), '220-Welcome.\n220 Authorised use only.')
    assert.equal(await logsIn(client, 'main'), false)
    assert.equal(await logsIn(client, 'second'), true)
    assert.match(await client.say('PASV'), /^227 Entering Passive Mode \(192,0,2,77,121,\d+\)\.$/)
    client.socket.destroy()
  }
})

test('SNI chooses certificate, banner and users', async () => {
  const one = await talk('one.test', authorities['one.test'])
  assert.equal(await one.reply(), '220 One.')
  assert.match(await one.say('HOST two.test'), /^504/)
  assert.equal(await logsIn(one, 'second'), false)
  assert.equal(await logsIn(one, 'main'), true)
  assert.equal(await one.say('QUIT'), '221 Come again.')
  one.socket.destroy()
  const two = await talk('two.test', authorities['two.test'])
  assert.match(await two.reply(), /^220-Welcome\./)
  assert.equal(await logsIn(two, 'main'), false)
  assert.equal(await logsIn(two, 'second'), true)
  two.socket.destroy()
})

test('HOST chooses among the names when TLS did not', async () => {
  const client = await talk(undefined, authorities['ftps.test'])
  await client.reply()
  assert.equal(await client.say('HOST one.test'), '220 One.')
  assert.equal(await logsIn(client, 'second'), false)
  assert.equal(await logsIn(client, 'main'), true)
  client.socket.destroy()
  const denied = await (await fixture()).audited(
    (line) => line.reason === 'listener-not-allowed' && line.user === 'second',
    'refusal of second',
  )
  assert.equal(denied.rule, 'listener')
})

test('a group admits who is in it, from the login after the change of the users file on', async () => {
  const login = async (name: string) => {
    const client = await talk(undefined, authorities['ftps.test'])
    await client.reply()
    assert.match(await client.say('HOST three.test'), /^220/)
    const granted = await logsIn(client, name)
    client.socket.destroy()
    return granted
  }
  assert.equal(await login('second'), false)
  const users = join((await fixture()).dir, 'config/users.yaml')
  const text = await readFile(users, 'utf8')
  await writeFile(users, text.replace(/^( +)second:\n/m, '$&$1$1groups: [staff]\n'))
  await eventually(async () => ((await login('second')) ? true : undefined), 'login of a member')
  assert.equal(await login('main'), false)
})

clientTest('an SFTP listener shows its own banner and admits its own users', [program('ssh')], async () => {
  const { info } = await fixture()
  const args = ['-p', String(info.sftp.port), '-o', 'BatchMode=yes', '-F', 'none']
  const options = [
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'IdentitiesOnly=yes',
  ]
  const main = (await fixture()).user('main')
  const ran = await run('ssh', [...args, ...options, '-i', main.ssh_key, `main@${info.host}`], { home: dir })
  assert.notEqual(ran.code, 0)
  assert.match(ran.stderr, /Partners only\./)
  assert.match(ran.stderr, /Permission denied/)
})
