// RFC 4252, section 5.1: what a client may ask for without waiting for answers, and what becomes of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Client, Connection } from 'ssh2'
import { byte, type Field, fieldsToBuffer, packet, string, uint32 } from '../../src/sftp/codec.ts'
import { fingerprintOf } from '../../src/sftp/key-blob.ts'
import { MAX_WAITING_LOGINS } from '../../src/sftp/limits.ts'
import { sendMessage } from '../../src/sftp/ssh-message.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { openSubsystem, wrap } from '../helpers/sftp-raw-client.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'

const [INFO_RESPONSE, REQUEST] = [61, 50]
const key = fieldsToBuffer(string('ssh-ed25519'), string(Buffer.alloc(32, 7)))
let server: TestServer

before(async () => {
  server = await startSftp({ keys: [fingerprintOf(key)] })
})
after(() => server.close())

type LoginClient = Readonly<{
  client: Client
  /** All in one packet of TCP. */
  ask(...requests: (readonly [string, ...Field[]])[]): void
  answerAndAsk(text: string, ...request: [string, ...Field[]]): void
  /** The next answer of the server. */
  next(): Promise<string>
}>

const password = (text: string) => ['password', byte(0), string(text)] as const
const probe = ['publickey', byte(0), string('ssh-ed25519'), string(key)] as const

async function connectForLogin(): Promise<LoginClient> {
  const client = new ssh2.Client()
  const heard: string[] = []
  let tell = (): void => {}
  const note = (what: string) => () => {
    heard.push(what)
    tell()
  }
  client.on('error', () => {})
  client.on('close', note('closed'))
  await new Promise<void>((resolve) => {
    client.connect({ host: '127.0.0.1', port: server.port, username: 'x', authHandler: () => resolve() })
  })
  const protocol = Reflect.get(client, '_protocol')
  const authenticated = protocol._handlers.USERAUTH_SUCCESS
  Object.assign(protocol._handlers, {
    USERAUTH_FAILURE: note('failure'),
    USERAUTH_PK_OK: note('key is good'),
    USERAUTH_INFO_REQUEST() {
      protocol._authsQueue.shift()
      note('question')()
    },
    USERAUTH_SUCCESS(...given: unknown[]) {
      authenticated(...given)
      note('success')()
    },
  })
  const say = (...fields: readonly Field[]): void => sendMessage(client as unknown as Connection, ...fields)
  const request = ([method, ...fields]: readonly [string, ...Field[]]): void => {
    protocol._authsQueue.push(method)
    say(byte(REQUEST), ...['alice', 'ssh-connection', method].map((text) => string(text)), ...fields)
  }
  const socket = Reflect.get(client, '_sock')
  const together = (fn: () => void): void => {
    socket.cork()
    fn()
    socket.uncork()
  }
  return {
    client,
    ask: (...requests) => together(() => requests.forEach(request)),
    answerAndAsk: (text, ...next) =>
      together(() => {
        say(byte(INFO_RESPONSE), uint32(1), string(text))
        request(next)
      }),
    async next() {
      while (heard.length === 0) await new Promise<void>((resolve) => (tell = resolve))
      return heard.shift() ?? ''
    },
  }
}

async function works(client: Client): Promise<void> {
  const raw = wrap(client, await openSubsystem(client))
  raw.sendBytes(packet(1, uint32(3)))
  assert.equal((await raw.receive()).type, 2)
  await raw.end()
}

test('requests are decided one after the other, in the order in which they came', async () => {
  const { client, ask, next } = await connectForLogin()
  ask(password('wrong'), probe, ['none'], password(PASSWORD))
  assert.deepEqual(
    [await next(), await next(), await next(), await next()],
    ['failure', 'key is good', 'failure', 'success'],
  )
  await works(client)
})

test('what stands behind the request that was granted is passed over, and what comes later too', async () => {
  const { client, ask, next } = await connectForLogin()
  ask(password(PASSWORD), password('wrong'), probe)
  assert.equal(await next(), 'success')
  ask(password('wrong'), ['none'])
  await works(client)
  assert.equal(await next(), 'closed')
})

test('an answer that comes together with another request counts', async () => {
  const { client, ask, answerAndAsk, next } = await connectForLogin()
  ask(['keyboard-interactive', string(''), string('')])
  assert.equal(await next(), 'question')
  answerAndAsk(PASSWORD, 'none')
  assert.equal(await next(), 'success')
  await works(client)
})

test('a question is given up for a request that came before it', async () => {
  const { client, ask, next } = await connectForLogin()
  ask(['keyboard-interactive', string(''), string('')], probe, password(PASSWORD))
  assert.deepEqual([await next(), await next(), await next()], ['question', 'key is good', 'success'])
  await works(client)
})

test('a method that nobody knows fails as others do', async () => {
  const { client, ask, next } = await connectForLogin()
  ask(['gssapi-with-mic', uint32(1), string('oid')], ['any@example.com'], password(PASSWORD))
  assert.deepEqual([await next(), await next(), await next()], ['failure', 'failure', 'success'])
  await works(client)
})

test('more requests at once than are kept end the connection', async () => {
  const { ask, next } = await connectForLogin()
  const many = Array.from({ length: MAX_WAITING_LOGINS + 2 }, () => password('wrong'))
  ask(...many)
  let last = ''
  for (let answer = await next(); answer !== 'closed'; answer = await next()) last = answer
  assert.notEqual(last, 'success')
  const details = server.events.flatMap((event) => (event.type === 'session.error' ? [event.detail] : []))
  assert.deepEqual(details, ['too many requests to log in at once'])
})
