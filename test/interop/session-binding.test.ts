// ftp.tlsSessionReuse: require. Real clients that resume the session of their control connection, and some that cannot.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Client } from 'basic-ftp'
import { run } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { type AuditLine, eventually, lazyFixture, startFixture } from '../helpers/fixture.ts'

const home = await mkdtemp(join(tmpdir(), 'sallyport-binding-'))
const source = join(home, 'source')
await writeFile(source, 'bound')
const fixture = lazyFixture({ args: ['--set', 'ftp.tlsSessionReuse=require'] })
after(async () => {
  await fixture.stop()
  await rm(home, { recursive: true, force: true })
})

/** The event of the upload of `name`. */
async function uploaded(name: string): Promise<AuditLine> {
  return (await fixture.get()).audited(
    (line) => line.type === 'file.transfer' && line.path === `/${name}`,
    `upload of ${name}`,
  )
}

async function isBound(name: string): Promise<void> {
  const { tlsSession, outcome } = await uploaded(name)
  assert.deepEqual({ tlsSession, outcome }, { tlsSession: 'bound', outcome: 'complete' })
}

async function isRefused(name: string): Promise<void> {
  const { tlsSession, outcome } = await uploaded(name)
  assert.deepEqual({ tlsSession, outcome }, { tlsSession: 'none', outcome: 'aborted' })
}

for (const version of ['1.2', '1.3'] as const) {
  clientTest(`curl over TLS ${version} resumes, explicit and implicit`, [program('curl')], async () => {
    const { info, user } = await fixture.get()
    const { servername, ca } = info.tls
    const { password } = user('main')
    for (const [scheme, { port }] of [
      ['ftp', info.ftpes],
      ['ftps', info.ftps],
    ] as const) {
      const name = `curl-${scheme}-${version}`
      const args = ['-sS', '--resolve', `${servername}:${port}:${info.host}`, '--ssl-reqd', '--cacert', ca]
      args.push(`--tlsv${version}`, '--tls-max', version, '--user', `main:${password}`, '-T', source)
      const ran = await run('curl', [...args, `${scheme}://${servername}:${port}/${name}`], { home })
      assert.equal(ran.code, 0, ran.stderr)
      await isBound(name)
    }
  })
}

/** Most uploads of this size are still on their way when curl closes. */
const LARGE_BYTES = 1024 * 1024
const LARGE_UPLOADS = 12

clientTest(
  'uploads by curl, which leaves without a look at its tickets, come whole',
  [program('curl')],
  async () => {
    const { info, user } = await fixture.get()
    const { servername, ca } = info.tls
    const { port } = info.ftpes
    const large = join(home, 'large')
    await writeFile(large, Buffer.alloc(LARGE_BYTES, 'large'))
    const args = ['-sS', '--resolve', `${servername}:${port}:${info.host}`, '--ssl-reqd', '--cacert', ca]
    args.push('--tlsv1.3', '--user', `main:${user('main').password}`, '-T', large)
    for (let count = 0; count < LARGE_UPLOADS; count += 1) {
      const ran = await run('curl', [...args, `ftp://${servername}:${port}/large${count}`], { home })
      assert.equal(ran.code, 0, ran.stderr)
    }
  },
)

for (const version of ['1.2', '1.3'] as const) {
  // It takes each ticket of TLS 1.3 once: every data connection has to give it another. Of uploads it does not wait for it.
  clientTest(`curl over TLS ${version} resumes for each of many downloads`, [program('curl')], async () => {
    const { info, user } = await fixture.get()
    const { servername, ca } = info.tls
    const { port } = info.ftpes
    const name = `many-${version}`
    const url = `ftp://${servername}:${port}/${name}`
    const args = ['-sS', '--resolve', `${servername}:${port}:${info.host}`, '--ssl-reqd', '--cacert', ca]
    args.push(`--tlsv${version}`, '--tls-max', version, '--user', `main:${user('main').password}`)
    const up = await run('curl', [...args, '-T', source, url], { home })
    assert.equal(up.code, 0, up.stderr)
    await isBound(name)
    const down = await run('curl', [...args, url, url, url, url, url, url], { home })
    assert.equal(down.code, 0, down.stderr)
    assert.equal(down.stdout, (await readFile(source, 'utf8')).repeat(6))
  })
}

clientTest('lftp resumes', [program('lftp')], async () => {
  const { info, user } = await fixture.get()
  const script = [
    'set cmd:fail-exit true',
    'set net:max-retries 1',
    'set dns:order inet',
    'set ftp:ssl-force true',
    'set ftp:ssl-protect-data true',
    `set ssl:ca-file ${info.tls.ca}`,
    `open -u main,${user('main').password} -p ${info.ftpes.port} ftp://${info.tls.servername}`,
    `put ${source} -o lftp`,
    'bye',
    '',
  ]
  const ran = await run('lftp', ['--norc'], { home, input: script.join('\n') })
  assert.equal(ran.code, 0, ran.stderr)
  await isBound('lftp')
})

const PYTHON = `
import ftplib, io, ssl, sys
ca, host, port, user, password, resume = sys.argv[1:]
class Resuming(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session if resume == "yes" else None
        return self.context.wrap_socket(conn, server_hostname=self.host, session=session), size
ftp = Resuming(context=ssl.create_default_context(cafile=ca), timeout=30)
ftp.connect(host, int(port))
ftp.login(user, password)
ftp.prot_p()
ftp.storbinary("STOR ftplib-" + resume, io.BytesIO(b"bound"))
ftp.quit()
`

for (const resume of ['yes', 'no'] as const) {
  const what = resume === 'yes' ? 'told to resume is let through' : 'as it is does not resume and is refused'
  clientTest(`ftplib ${what}`, [program('python3')], async () => {
    const { info, user } = await fixture.get()
    const { port } = info.ftpes
    const args = [info.tls.ca, info.tls.servername, String(port), 'main', user('main').password, resume]
    const ran = await run('python3', ['-B', '-c', PYTHON, ...args], { home })
    if (resume === 'yes') {
      assert.equal(ran.code, 0, ran.stderr)
      return isBound('ftplib-yes')
    }
    assert.notEqual(ran.code, 0)
    return isRefused('ftplib-no')
  })
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`basic-ftp resumes over ${maxVersion}`, async () => {
    const { info, user } = await fixture.get()
    const client = new Client(30_000)
    const ca = await readFile(info.tls.ca)
    try {
      await client.access({
        host: info.host,
        port: info.ftpes.port,
        user: 'main',
        password: user('main').password,
        secure: true,
        secureOptions: { ca, servername: info.tls.servername, maxVersion },
      })
      await client.uploadFrom(source, `basic-${maxVersion}`)
    } finally {
      client.close()
    }
    await isBound(`basic-${maxVersion}`)
  })
}

clientTest(
  'one user who must be bound makes it so for that user, with no other key set',
  [program('curl')],
  async (t) => {
    const own = await startFixture()
    t.after(() => own.stop())
    const upload = async (user: string, name: string) => {
      const { host, ftpes, tls } = own.info
      const args = [
        '-sS',
        '--resolve',
        `${tls.servername}:${ftpes.port}:${host}`,
        '--ssl-reqd',
        '--cacert',
        tls.ca,
      ]
      args.push('--user', `${user}:${own.user(user).password}`, '-T', source)
      const ran = await run('curl', [...args, `ftp://${tls.servername}:${ftpes.port}/${name}`], { home })
      // A control connection from just before the change is refused: it has no keys of its own.
      if (ran.code !== 0) return ran.stderr
      const event = await own.audited(
        (line) => line.type === 'file.transfer' && line.path === `/${name}`,
        name,
      )
      return event.tlsSession
    }
    assert.equal(await upload('second', 'before'), 'resumable')
    const file = join(own.dir, 'config/users.yaml')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace(/^( +)second:\n/m, '$&$1$1tlsSessionReuse: require\n'))
    const bound = async () =>
      (await upload('second', `after-${performance.now()}`)) === 'bound' ? true : undefined
    await eventually(bound, 'bound upload')
    // The keys are each connection's own now, whoever logs in.
    assert.equal(await upload('main', 'other'), 'bound')
  },
)
