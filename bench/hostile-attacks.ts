// What one hostile session may try, door by door; started by hostile-session.ts.
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import ssh2 from 'ssh2'
import { type Field, packet, string, uint32, uint64 } from '../src/sftp/codec.ts'
import type { FixtureInfo, FixtureUser } from '../test/helpers/fixture.ts'

export type Target = Readonly<{ info: FixtureInfo; user: FixtureUser; large: string; many: string }>
type Attack = (target: Target) => Promise<void>

const MIB = 2 ** 20
const READ = 5
const WRITE = 6
const OPEN = 3
const OPENDIR = 11
const READDIR = 12

/** Nothing is read any more, down to the kernel's own buffers. */
function turnDeaf(socket: Socket): void {
  socket.pause()
}

type Sftp = Readonly<{
  socket: Socket
  client: ssh2.Client
  channels: readonly ssh2.ClientChannel[]
  send(type: number, id: number, ...fields: Field[]): void
  open(type: number, path: string, ...fields: Field[]): Promise<Buffer>
}>

async function openSftp({ info, user }: Target, count: number): Promise<Sftp> {
  const socket = connectTcp({ host: info.host, port: info.sftp.port })
  await once(socket, 'connect')
  const client = new ssh2.Client()
  client.on('error', () => {})
  client.connect({ sock: socket, username: user.user, password: user.password, keepaliveInterval: 0 })
  await once(client, 'ready')
  const channels: ssh2.ClientChannel[] = []
  for (let n = 0; n < count; n += 1) {
    channels.push(
      await new Promise<ssh2.ClientChannel>((resolve, reject) => {
        client.subsys('sftp', (error, channel) => (error ? reject(error) : resolve(channel)))
      }),
    )
  }
  for (const channel of channels) channel.on('error', () => {}).write(packet(1, uint32(3)))
  const [channel] = channels
  if (channel === undefined) throw new Error('no channel')
  await once(channel, 'data')
  const send: Sftp['send'] = (type, id, ...fields) => void channel.write(packet(type, uint32(id), ...fields))
  return {
    ...{ socket, client, channels, send },
    async open(type, path, ...fields) {
      send(type, 1, string(path), ...fields)
      const [reply] = (await once(channel, 'data')) as [Buffer]
      return reply.subarray(13, 13 + reply.readUInt32BE(9))
    },
  }
}

const forReading = [uint32(1), uint32(0)]
const forWriting = [uint32(2 | 8), uint32(0)]
const HUGE_WINDOW = 2 ** 31

/** ssh2 grants 2 MiB and no more while nothing is read: whoever attacks grants as much as the field holds. */
function grantAll({ client }: Sftp, channel: number): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  const grant: unknown = Reflect.get(Object(protocol), 'channelWindowAdjust')
  if (typeof grant === 'function') Reflect.apply(grant, protocol, [channel, HUGE_WINDOW - 4 * MIB])
}

async function readFlood(target: Target): Promise<void> {
  const sftp = await openSftp(target, 1)
  const handle = await sftp.open(OPEN, target.large, ...forReading)
  grantAll(sftp, 0)
  turnDeaf(sftp.socket)
  for (let id = 2; id < 20_000; id += 1) {
    sftp.send(READ, id, string(handle), uint64((id % 64) * MIB), uint32(255 * 1024))
  }
}

async function listFlood(target: Target): Promise<void> {
  const sftp = await openSftp(target, 1)
  const handle = await sftp.open(OPENDIR, target.many)
  grantAll(sftp, 0)
  turnDeaf(sftp.socket)
  for (let id = 2; id < 20_000; id += 1) sftp.send(READDIR, id, string(handle))
}

async function writeFlood(target: Target): Promise<void> {
  const sftp = await openSftp(target, 1)
  const handle = await sftp.open(OPEN, '/hostile-upload', ...forWriting)
  const block = Buffer.alloc(255 * 1024)
  for (let id = 2; id < 500; id += 1) {
    sftp.send(WRITE, id, string(handle), uint64(id * MIB), string(block))
  }
}

async function unfinishedPackets(target: Target): Promise<void> {
  const { channels } = await openSftp(target, 8)
  const large = packet(WRITE, uint32(2), string('x'), uint64(0), string(Buffer.alloc(255 * 1024)))
  for (const channel of channels) channel.write(large.subarray(0, large.length - 1))
}

async function manyHandles(target: Target): Promise<void> {
  const sftp = await openSftp(target, 8)
  for (const channel of sftp.channels) {
    channel.resume()
    for (let id = 2; id < 5_000; id += 1) {
      channel.write(packet(OPEN, uint32(id), string(target.large), ...forReading))
    }
  }
}

async function globalRequests(target: Target): Promise<void> {
  const { client, socket } = await openSftp(target, 1)
  turnDeaf(socket)
  for (let port = 1; port < 65_000; port += 1) client.forwardIn('x'.repeat(200), port, () => {})
}

async function channelOpenings(target: Target): Promise<void> {
  const { client, socket } = await openSftp(target, 1)
  turnDeaf(socket)
  for (let n = 0; n < 50_000; n += 1) client.forwardOut('a', 1, 'b', 2, () => {})
}

type Ftp = Readonly<{ socket: Socket; ask(line: string): Promise<string> }>

async function openFtp({ info, user }: Target, secure: boolean): Promise<Ftp> {
  const port = secure ? info.ftps.port : (info.ftp?.port ?? 0)
  const raw = connectTcp({ host: info.host, port })
  const socket = secure ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw
  socket.on('error', () => {})
  const said = async (): Promise<string> => String((await once(socket, 'data'))[0])
  const ask = (line: string): Promise<string> => {
    socket.write(`${line}\r\n`)
    return said()
  }
  await said()
  for (const line of [`USER ${user.user}`, `PASS ${user.password}`, 'TYPE I']) await ask(line)
  if (secure) for (const line of ['PBSZ 0', 'PROT P']) await ask(line)
  return { socket, ask }
}

/** The data connection of a transfer; in TLS when the control connection is. */
async function openData({ info }: Target, { socket, ask }: Ftp, line: string): Promise<Socket> {
  const found = /\|\|\|(\d+)\|/.exec(await ask('EPSV'))
  const raw = connectTcp({ host: info.host, port: Number(found?.[1]) })
  raw.on('error', () => {})
  socket.write(`${line}\r\n`)
  if (!('encrypted' in socket)) return raw
  const session: unknown = Reflect.apply(Reflect.get(socket, 'getSession'), socket, [])
  const secure = connectTls({
    ...{ socket: raw, rejectUnauthorized: false },
    ...(Buffer.isBuffer(session) && { session }),
  })
  secure.on('error', () => {})
  await once(secure, 'secureConnect')
  return secure
}

const slowReader = (secure: boolean, line: (target: Target) => string): Attack => {
  return async (target) => {
    const control = await openFtp(target, secure)
    const data = await openData(target, control, line(target))
    turnDeaf(data)
  }
}

const upload = (secure: boolean): Attack => {
  return async (target) => {
    const data = await openData(target, await openFtp(target, secure), 'STOR hostile-upload')
    for (let n = 0; n < 128; n += 1) data.write(Buffer.alloc(MIB))
  }
}

const pipelined = (secure: boolean): Attack => {
  return async (target) => {
    const { socket } = await openFtp(target, secure)
    turnDeaf(socket)
    socket.write('FEAT\r\n'.repeat(500_000))
  }
}

const longLine = (secure: boolean): Attack => {
  return async (target) => {
    const { socket } = await openFtp(target, secure)
    socket.write(Buffer.alloc(64 * MIB, 'A'))
  }
}

const largeFile = ({ large }: Target): string => `RETR ${large}`
const manyNames = ({ many }: Target): string => `LIST ${many}`

/** A login and no more: what the first session makes a server load is nobody's attack. By the name's first word. */
export const LOGINS: Readonly<Record<string, Attack>> = {
  sftp: async (target) => void (await openSftp(target, 1)),
  ftp: async (target) => void (await openFtp(target, false)),
  ftps: async (target) => void (await openFtp(target, true)),
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'sftp: 20,000 READs of 255 KiB, nothing read': readFlood,
  'sftp: 20,000 READDIRs, nothing read': listFlood,
  'sftp: 124 MiB of WRITEs to a disk that takes 10 s for each': writeFlood,
  'sftp: a packet of 255 KiB without its end on each of 8 channels': unfinishedPackets,
  'sftp: as many handles as 8 channels give': manyHandles,
  'sftp: 65,000 global requests, nothing read': globalRequests,
  'sftp: 50,000 channels asked for, nothing read': channelOpenings,
  'ftp: a line of 64 MiB': longLine(false),
  'ftp: 500,000 commands at once, nothing read': pipelined(false),
  'ftp: a download, nothing read': slowReader(false, largeFile),
  'ftp: a listing, nothing read': slowReader(false, manyNames),
  'ftp: an upload to a disk that takes 10 s for each write': upload(false),
  'ftps: a line of 64 MiB': longLine(true),
  'ftps: 500,000 commands at once, nothing read': pipelined(true),
  'ftps: a download, nothing read': slowReader(true, largeFile),
  'ftps: a listing, nothing read': slowReader(true, manyNames),
  'ftps: an upload to a disk that takes 10 s for each write': upload(true),
}
