import type { Client, ClientChannel, ConnectConfig } from 'ssh2'
import {
  type BodyReader,
  createBodyReader,
  type Field,
  packet,
  string,
  uint32,
} from '../../src/sftp/codec.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { PASSWORD } from './sftp-login.ts'

export type RawReply = { type: number; id: number; body: BodyReader; bytes: Buffer }

/** An SFTP channel on which a test says every byte itself. */
export type RawClient = {
  channel: ClientChannel
  client: Client
  /** Sends a request and waits for the next reply, whatever it is. */
  ask(type: number, ...fields: Field[]): Promise<RawReply>
  send(type: number, id: number, ...fields: Field[]): void
  sendBytes(bytes: Buffer): void
  receive(): Promise<RawReply>
  /** Resolves to the exit status when the server has closed the channel. */
  closed: Promise<number | undefined>
  end(): Promise<void>
}

export function connect(port: number, config: ConnectConfig = {}): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    // It writes a packet in two pieces, and the second would wait for the server's word on the first.
    client.on('connect', () => client.setNoDelay(true))
    client.on('ready', () => resolve(client))
    client.on('error', reject)
    client.on('close', () => reject(new Error('closed before it was ready')))
    client.connect({ host: '127.0.0.1', port, username: 'alice', password: PASSWORD, ...config })
  })
}

export function openSubsystem(client: Client): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.subsys('sftp', (error, channel) => (error ? reject(error) : resolve(channel)))
  })
}

export async function openRaw(port: number, config: ConnectConfig = {}): Promise<RawClient> {
  const client = await connect(port, config)
  const raw = wrap(client, await openSubsystem(client))
  raw.sendBytes(packet(1, uint32(3)))
  const hello = await raw.receive()
  if (hello.type !== 2) throw new Error(`VERSION expected, not ${hello.type}`)
  return raw
}

export function wrap(client: Client, channel: ClientChannel): RawClient {
  let buffered = Buffer.alloc(0)
  let id = 100
  const replies: RawReply[] = []
  const waiting: ((reply: RawReply) => void)[] = []
  channel.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    while (buffered.length >= 4 && buffered.length >= 4 + buffered.readUInt32BE(0)) {
      const end = 4 + buffered.readUInt32BE(0)
      const bytes = buffered.subarray(4, end)
      buffered = buffered.subarray(end)
      const reply = {
        type: bytes.readUInt8(0),
        id: bytes.readUInt32BE(1),
        body: createBodyReader(bytes, 5),
        bytes,
      }
      const waiter = waiting.shift()
      if (waiter) waiter(reply)
      else replies.push(reply)
    }
  })
  channel.on('error', () => {})
  client.on('error', () => {})
  let status: number | undefined
  channel.on('exit', (code: number) => {
    status = code
  })
  const closed = new Promise<number | undefined>((resolve) => channel.on('close', () => resolve(status)))
  const receive = (): Promise<RawReply> => {
    const reply = replies.shift()
    return reply ? Promise.resolve(reply) : new Promise((resolve) => waiting.push(resolve))
  }
  return {
    channel,
    client,
    receive,
    closed,
    sendBytes: (bytes) => void channel.write(bytes),
    send: (type, number, ...fields) => void channel.write(packet(type, uint32(number), ...fields)),
    ask(type, ...fields) {
      id += 1
      channel.write(packet(type, uint32(id), ...fields))
      return receive()
    },
    end() {
      const gone = new Promise<void>((resolve) => client.once('close', () => resolve()))
      client.end()
      return gone
    },
  }
}

export const STATUS_REPLY = 101

/** The code of a STATUS, or a text that shows what came in its place. */
export function statusOf(reply: RawReply): number | string {
  return reply.type === STATUS_REPLY ? reply.body.uint32() : `reply of type ${reply.type}`
}

/** Opens a file; `flags` as in the draft: READ 1, WRITE 2, APPEND 4, CREAT 8, TRUNC 16, EXCL 32. */
export async function openFile(raw: RawClient, path: string, flags: number): Promise<Buffer> {
  const reply = await raw.ask(3, string(path), uint32(flags), uint32(0))
  if (reply.type !== 102) throw new Error(`HANDLE expected, not ${statusOf(reply)}`)
  return Buffer.from(reply.body.string())
}
