// A client that knows one key exchange, written from draft-ietf-sshm-mlkem-hybrid-kex and RFC 4253 alone: it shares no
// code with the server, so that a mistake in one is not made again in the other.
import {
  createDecipheriv,
  createHash,
  createPublicKey,
  decapsulate,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  verify,
} from 'node:crypto'
import { connect, type Socket } from 'node:net'

const VERSION = 'SSH-2.0-hybrid'
const LISTS = [
  'mlkem768x25519-sha256,ext-info-c',
  'ssh-ed25519',
  'aes128-gcm@openssh.com',
  'aes128-gcm@openssh.com',
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-256-etm@openssh.com',
  'none',
  'none',
  '',
  '',
]

function sshString(bytes: Buffer | string): Buffer {
  const body = Buffer.from(bytes as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** The strings of a message behind its type. */
function stringsOf(message: Buffer): readonly Buffer[] {
  const found: Buffer[] = []
  for (let at = 1; at < message.length; at += 4 + message.readUInt32BE(at)) {
    found.push(message.subarray(at + 4, at + 4 + message.readUInt32BE(at)))
  }
  return found
}

function inClear(message: Buffer): Buffer {
  const padding = 4 + ((8 - ((5 + message.length + 4) % 8)) % 8)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(1 + message.length + padding)
  head.writeUInt8(padding, 4)
  return Buffer.concat([head, message, Buffer.alloc(padding)])
}

/** Reads exactly so many bytes, or as many as come before the end. */
function reader(socket: Socket): (count: number) => Promise<Buffer> {
  let held = Buffer.alloc(0)
  let ended = false
  let wake = (): void => {}
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    wake()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    ended = true
    wake()
  })
  return async (count) => {
    while (held.length < count && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    const taken = held.subarray(0, count)
    held = held.subarray(taken.length)
    return taken
  }
}

const bare = (key: KeyObject, length: number): Buffer =>
  key.export({ type: 'spki', format: 'der' }).subarray(-length)

export type HybridOutcome =
  | Readonly<{ agreed: true; kexInit: Buffer; firstEncrypted: Buffer }>
  | Readonly<{ agreed: false; disconnect: number | undefined }>

export type HybridOptions = Readonly<{
  /** Gets the ML-KEM key with the X25519 key behind it, and gives what is sent in their place. */
  spoil?: (init: Buffer) => Buffer
  /** The client knows strict key exchange, as OpenSSH's PROTOCOL has it in section 1.10. */
  strict?: boolean
  /** Messages slipped in, in clear, before the client's KEXINIT or before its key. */
  beforeKexInit?: Buffer
  beforeKey?: Buffer
}>

export async function agreeHybrid(port: number, options: HybridOptions = {}): Promise<HybridOutcome> {
  const socket = connect(port, '127.0.0.1')
  try {
    return await agree(socket, options)
  } finally {
    socket.destroy()
  }
}

async function agree(socket: Socket, options: HybridOptions): Promise<HybridOutcome> {
  const { spoil = (init: Buffer) => init, strict = false, beforeKexInit, beforeKey } = options
  const [kex = '', ...others] = LISTS
  const read = reader(socket)
  const message = async (): Promise<Buffer> => {
    const length = await read(4)
    const rest = await read(length.length === 4 ? length.readUInt32BE() : 0)
    return rest.length === 0 ? rest : rest.subarray(1, rest.length - rest.readUInt8())
  }
  const ours = Buffer.concat([
    Buffer.from([20]),
    Buffer.alloc(16, 1),
    ...[strict ? `${kex},kex-strict-c-v00@openssh.com` : kex, ...others].map(sshString),
    Buffer.alloc(5),
  ])
  socket.write(`${VERSION}\r\n`)
  let version = ''
  while (!version.endsWith('\n')) version += (await read(1)).toString('latin1')
  if (beforeKexInit !== undefined) socket.write(inClear(beforeKexInit))
  socket.write(inClear(ours))
  const theirs = await message()
  if (beforeKey !== undefined) socket.write(inClear(beforeKey))

  const kem = generateKeyPairSync('ml-kem-768')
  const curve = generateKeyPairSync('x25519')
  const init = spoil(Buffer.concat([bare(kem.publicKey, 1184), bare(curve.publicKey, 32)]))
  socket.write(inClear(Buffer.concat([Buffer.from([30]), sshString(init)])))
  const answer = await message()
  if (answer[0] !== 31)
    return { agreed: false, disconnect: answer[0] === 1 ? answer.readUInt32BE(1) : undefined }

  const [hostKey = answer, reply = answer, signature = answer] = stringsOf(answer)
  const info = curve.publicKey.export({ type: 'spki', format: 'der' }).subarray(0, -32)
  const theirCurve = createPublicKey({
    key: Buffer.concat([info, reply.subarray(1088)]),
    format: 'der',
    type: 'spki',
  })
  const secret = createHash('sha256')
    .update(decapsulate(kem.privateKey, reply.subarray(0, 1088)))
    .update(diffieHellman({ privateKey: curve.privateKey, publicKey: theirCurve }))
    .digest()
  const hashed = [VERSION, version.trim(), ours, theirs, hostKey, init, reply, secret].map(sshString)
  const hash = createHash('sha256').update(Buffer.concat(hashed)).digest()
  checkSignature(hash, hostKey, signature)

  socket.write(inClear(Buffer.from([21])))
  if ((await message())[0] !== 21) throw new Error('NEWKEYS expected')
  const derive = (letter: string, length: number): Buffer =>
    createHash('sha256')
      .update(sshString(secret))
      .update(hash)
      .update(letter)
      .update(hash)
      .digest()
      .subarray(0, length)
  const length = await read(4)
  const body = await read(length.readUInt32BE())
  const decipher = createDecipheriv('aes-128-gcm', derive('D', 16), derive('B', 12))
  decipher.setAAD(length).setAuthTag(await read(16))
  const plain = Buffer.concat([decipher.update(body), decipher.final()])
  return {
    agreed: true,
    kexInit: theirs,
    firstEncrypted: plain.subarray(1, plain.length - plain.readUInt8()),
  }
}

function checkSignature(hash: Buffer, hostKey: Buffer, signature: Buffer): void {
  const raw = hostKey.subarray(-32)
  const info = Buffer.from('302a300506032b6570032100', 'hex')
  const key = createPublicKey({ key: Buffer.concat([info, raw]), format: 'der', type: 'spki' })
  if (!verify(null, hash, key, signature.subarray(-64))) throw new Error('the host key signed something else')
}
