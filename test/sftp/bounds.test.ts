// Numbers and texts that no honest client says, and what ssh2 alone would do with them: hang, take memory, take time.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Client, Connection } from 'ssh2'
import { FileServerError } from '../../src/core/errors.ts'
import { byte, type Field, fieldsToBuffer, packet, string, uint32, uint64 } from '../../src/sftp/codec.ts'
import { KexAllowance } from '../../src/sftp/kex-allowance.ts'
import { fingerprintOf } from '../../src/sftp/key-blob.ts'
import { KEX_AT_ONCE, KEX_EACH_BYTES, KEX_EACH_MS, LEAST_PACKET } from '../../src/sftp/limits.ts'
import { sendMessage } from '../../src/sftp/ssh-message.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { connect, openFile, openRaw, openSubsystem, statusOf, wrap } from '../helpers/sftp-raw-client.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'
import { withChanges } from '../helpers/vfs.ts'

/** A public key of the user's. */
const key = fieldsToBuffer(string('ssh-ed25519'), string(Buffer.alloc(32, 7)))
let server: TestServer

before(async () => {
  server = await startSftp({ keys: [fingerprintOf(key)] })
})
after(() => server.close())

type Handlers = Record<string, (protocol: unknown, ...rest: unknown[]) => void>
type Inside = { _handlers: Handlers; rekey(): void }
const inside = (client: Client): Inside => Reflect.get(client, '_protocol')

/** Sends a message as it is. */
const say = (client: Client, ...fields: readonly Field[]): void =>
  sendMessage(client as unknown as Connection, ...fields)

const end = (client: Client): Promise<void> => new Promise((resolve) => client.once('close', () => resolve()))

/** The next message of that kind that the server sends, without its type. */
const heard = (client: Client, kind: string): Promise<readonly unknown[]> =>
  new Promise((resolve) => {
    inside(client)._handlers[kind] = (_protocol, ...rest) => resolve(rest)
  })

/** A client that has keys and no login. */
async function beforeLogin(): Promise<Client> {
  const client = new ssh2.Client()
  client.on('error', () => {})
  await new Promise<void>((resolve) => {
    client.connect({ host: '127.0.0.1', port: server.port, username: 'x', authHandler: () => resolve() })
  })
  return client
}

const violations = (): readonly unknown[] =>
  server.events.flatMap((event) => (event.type === 'session.error' ? [event.detail] : []))

test('more answers to a prompt than a message can hold end the connection before anything is made for them', async () => {
  const client = await beforeLogin()
  const asked = heard(client, 'USERAUTH_INFO_REQUEST')
  Reflect.get(inside(client), '_authsQueue').push('keyboard-interactive')
  const method = ['alice', 'ssh-connection', 'keyboard-interactive', '', '']
  say(client, byte(50), ...method.map((text) => string(text)))
  await asked
  const closed = end(client)
  say(client, byte(61), uint32(2 ** 25 - 1))
  await closed
  assert.equal(violations().at(-1), 'more answers than bytes')
})

for (const type of [6, 51, 52, 53, 60]) {
  test(`message ${type}, which only servers send, ends the connection`, async () => {
    const client = await beforeLogin()
    const closed = end(client)
    say(client, byte(type), string(''), byte(0))
    await closed
    assert.equal(violations().at(-1), 'message of a server')
  })
}

test('a question of the login that is given up for a key leaves nothing behind', async () => {
  const client = await beforeLogin()
  const request = (method: string, ...fields: readonly Field[]): void => {
    Reflect.get(inside(client), '_authsQueue').unshift(method)
    const begin = ['alice', 'ssh-connection', method]
    say(client, byte(50), ...begin.map((text) => string(text)), ...fields)
  }
  const asked = heard(client, 'USERAUTH_INFO_REQUEST')
  request('keyboard-interactive', string(''), string(''))
  await asked
  const would = heard(client, 'USERAUTH_PK_OK')
  request('publickey', byte(0), string('ssh-ed25519'), string(key))
  assert.deepEqual(await would, ['ssh-ed25519', key])
  client.destroy()
})

test('keys are exchanged anew only after the login', async () => {
  const client = await beforeLogin()
  const closed = end(client)
  inside(client).rekey()
  await closed
  assert.equal(violations().at(-1), 'key exchange before the login')
})

test('a client can begin so many key exchanges, and more as time goes by', async () => {
  const client = await connect(server.port)
  client.on('error', () => {})
  const exchange = (): Promise<void> => {
    const done = new Promise<void>((resolve) => client.once('handshake', () => resolve()))
    inside(client).rekey()
    return done
  }
  for (let count = 0; count < KEX_AT_ONCE; count += 1) await exchange()
  await server.clock.advance(KEX_EACH_MS)
  await exchange()
  const closed = end(client)
  void exchange()
  await closed
  assert.equal(violations().at(-1), 'too many key exchanges')
})

test('traffic gives a client new key exchanges', () => {
  const socket = { bytesRead: 0, bytesWritten: 0 }
  const allowance = new KexAllowance({ clock: { monotonic: () => 0 }, socket })
  const begun = (): number => {
    let count = 0
    while (allowance.take()) count += 1
    return count
  }
  assert.equal(begun(), KEX_AT_ONCE)
  socket.bytesWritten += 2 * KEX_EACH_BYTES
  socket.bytesRead += 2 * KEX_EACH_BYTES
  assert.equal(begun(), 3)
  socket.bytesRead += 1000 * KEX_EACH_BYTES
  assert.equal(begun(), KEX_AT_ONCE)
})

test('a window that is opened before anything runs is open', async () => {
  const client = await connect(server.port)
  const opened = heard(client, 'CHANNEL_OPEN_CONFIRMATION')
  openSession(client, 0, 32_768)
  const [info] = await opened
  const number = uint32(Number(Reflect.get(Object(info), 'sender')))
  const answered = heard(client, 'CHANNEL_DATA')
  say(client, byte(93), number, uint32(100_000))
  say(client, byte(98), number, string('subsystem'), byte(0), string('sftp'))
  say(client, byte(94), number, string(packet(1, uint32(3))))
  const [, data] = await answered
  assert.equal((data as Buffer).readUInt8(4), 2)
  client.destroy()
})

test('a request to a session that gets no more data is answered', async () => {
  const client = await connect(server.port)
  const opened = heard(client, 'CHANNEL_OPEN_CONFIRMATION')
  openSession(client, 100_000, 32_768)
  const [info] = await opened
  const number = uint32(Number(Reflect.get(Object(info), 'sender')))
  const refused = heard(client, 'CHANNEL_FAILURE')
  say(client, byte(96), number)
  say(client, byte(98), number, string('subsystem'), byte(1), string('sftp'))
  assert.deepEqual(await refused, [7])
  client.destroy()
})

test('host keys that a client announces are read by nobody', async () => {
  const client = await beforeLogin()
  const refused = heard(client, 'REQUEST_FAILURE')
  // Half a key: whoever reads it ends the connection.
  say(client, byte(80), string('hostkeys-00@openssh.com'), byte(0), uint32(9))
  say(client, byte(80), string('hostkeys-00@openssh.com'), byte(1), uint32(9))
  await refused
  client.destroy()
})

for (const cipher of [
  'aes128-ctr',
  'aes256-ctr',
  'aes128-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
]) {
  test(`packets of ${cipher} behind a key exchange that fails are not opened`, async () => {
    const algorithms = { cipher: [cipher as 'aes128-ctr'], kex: ['curve25519-sha256' as const] }
    const client = await connect(server.port, { algorithms })
    client.on('error', () => {})
    const closed = end(client)
    const { _packetRW, _cipher } = Reflect.get(client, '_protocol')
    const socket = Reflect.get(client, '_sock')
    const inExchange = (message: Buffer): void => {
      const into = _packetRW.write.alloc(message.length, true)
      into.set(message, _packetRW.write.allocStartKEX)
      _cipher.encrypt(_packetRW.write.finalize(into, true))
    }
    // All in one read: a key that leads to no secret, then anything.
    socket.cork()
    inside(client).rekey()
    inExchange(Buffer.from([30, 0, 0, 0, 32, ...Buffer.alloc(32)]))
    for (let count = 0; count < 3; count += 1) inExchange(Buffer.from([2, 0, 0, 0, 0]))
    socket.uncork()
    await closed
    const next = await connect(server.port)
    next.end()
  })
}

for (const cipher of ['aes128-ctr', 'aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'] as const) {
  test(`a message that nobody knows is answered as such, over ${cipher}`, async () => {
    const client = await connect(server.port, { algorithms: { cipher: [cipher] } })
    const { _decipher, _cipher } = Reflect.get(client, '_protocol')
    const answers: Buffer[] = []
    const original = _decipher._onPayload
    _decipher._onPayload = (payload: Buffer) => {
      if (payload[0] === 3) answers.push(Buffer.from(payload))
      return original(payload)
    }
    const first: number = _cipher.outSeqno
    const refused = heard(client, 'REQUEST_FAILURE')
    for (const type of [192, 8, 66, 255]) say(client, byte(type), string('what'))
    say(client, byte(80), string('ping'), byte(1))
    await refused
    const expected = [0, 1, 2, 3].map((index) => fieldsToBuffer(byte(3), uint32(first + index)))
    assert.deepEqual(answers, expected)
    client.destroy()
  })
}

const openSession = (client: Client, window: number, packetSize: number): void =>
  say(client, byte(90), string('session'), uint32(7), uint32(window), uint32(packetSize))

for (const size of [0, 1, LEAST_PACKET - 1]) {
  test(`a session that takes packets of ${size} bytes is refused, and holds nobody up`, async () => {
    const client = await connect(server.port)
    const refused = heard(client, 'CHANNEL_OPEN_FAILURE')
    openSession(client, 100_000, size)
    say(client, byte(98), uint32(0), string('shell'), byte(0))
    assert.deepEqual((await refused).slice(0, 2), [7, 4])
    const raw = wrap(client, await openSubsystem(client))
    raw.sendBytes(packet(1, uint32(3)))
    assert.equal((await raw.receive()).type, 2)
    await raw.end()
  })
}

test('half of a message that opens a session ends the connection', async () => {
  const client = await connect(server.port)
  client.on('error', () => {})
  const closed = end(client)
  say(client, byte(90), string('session'), uint32(7), uint32(100_000))
  await closed
  assert.equal(violations().at(-1), 'half a channel')
})

test('a session that never ran anything is closed from both sides, and forgotten', async () => {
  const client = await connect(server.port)
  for (let round = 0; round < 3; round += 1) {
    const [opened, closed] = [heard(client, 'CHANNEL_OPEN_CONFIRMATION'), heard(client, 'CHANNEL_CLOSE')]
    openSession(client, 100_000, 32_768)
    const [info] = await opened
    const number = Number(Reflect.get(Object(info), 'sender'))
    say(client, byte(97), uint32(number))
    assert.deepEqual(await closed, [7])
    // Nothing is left that could be closed a second time.
    say(client, byte(97), uint32(number))
    const refused = heard(client, 'REQUEST_FAILURE')
    inside(client)._handlers.CHANNEL_CLOSE = () => assert.fail('closed twice')
    say(client, byte(80), string('ping'), byte(1))
    await refused
  }
  client.destroy()
})

test('what waits behind a request is not run any more when the session is ended', async () => {
  const [started, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const made: string[] = []
  const own = await startSftp({
    wrap: (files) =>
      withChanges(files, {
        async mkdir(path) {
          made.push(path)
          started.resolve()
          await go.promise
        },
      }),
  })
  const raw = await openRaw(own.port)
  const make = (path: string) => packet(14, uint32(1), string(path), uint32(0))
  raw.sendBytes(Buffer.concat([make('/first'), make('/second')]))
  await started.promise
  own.endSessions(new FileServerError('access.denied'))
  go.resolve()
  await own.connections[0]?.done
  assert.deepEqual(made, ['/first'])
  await own.close()
})

test('offsets and sizes at the end of what numbers can say are answered', async () => {
  const raw = await openRaw(server.port)
  const handle = await openFile(raw, '/far', 0x1b)
  const far = [2 ** 53 - 1, 2 ** 53 - 2 ** 18, 2 ** 32, 2 ** 31]
  for (const offset of far) {
    assert.equal(statusOf(await raw.ask(5, string(handle), uint64(offset), uint32(2 ** 32 - 1))), 1)
  }
  assert.equal(statusOf(await raw.ask(6, string(handle), uint64(2 ** 53 - 1), string('xx'))), 4)
  const beyond = [uint32(2 ** 21), uint32(0)]
  assert.equal(statusOf(await raw.ask(5, string(handle), ...beyond, uint32(1))), 5)
  assert.equal(statusOf(await raw.ask(6, string(handle), ...beyond, string('x'))), 5)
  await raw.end()
})
