import { createCipheriv, createHmac } from 'node:crypto'
import { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

const SUITE = 'TLS_AES_128_GCM_SHA256'
const HANDSHAKE = 22
const ALERT = 21
export const APPLICATION = 23
const TAG_BYTES = 16

/** A TLS client whose bytes go where the test puts them, and when: it knows nothing of the network. */
export type TlsClient = Readonly<{
  tls: TLSSocket
  /** What came from the server. */
  take(bytes: Uint8Array): void
  /** What has to go to the server by now. */
  taken(): Buffer
  /** Says lines of the NSS key log. */
  secrets: readonly string[]
}>

export function tlsClient(options: ConnectionOptions): TlsClient {
  let out: Buffer[] = []
  const transport = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      out.push(chunk)
      done()
    },
  })
  const tls = connect({ ...options, socket: transport })
  tls.on('error', () => undefined)
  const secrets: string[] = []
  tls.on('keylog', (line: Buffer) => secrets.push(line.toString('latin1')))
  return {
    tls,
    secrets,
    take: (bytes) => void transport.push(bytes),
    taken() {
      const all = Buffer.concat(out)
      out = []
      return all
    },
  }
}

/** What `RecordWriter` understands. */
export const WRITABLE_BY_HAND = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: SUITE } as const

function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])])
  return createHmac('sha256', secret).update(info).digest().subarray(0, length)
}

/** Records of a TLS 1.3 client (RFC 8446 section 5), also those that no client would send. */
export class RecordWriter {
  #secret: Buffer
  #sequence = 0

  /** From the moment on when the client has said its Finished, and nothing behind it. */
  constructor({ secrets }: TlsClient) {
    const line = secrets.find((text) => text.startsWith('CLIENT_TRAFFIC_SECRET_0'))
    if (line === undefined) throw new Error('the handshake is not over')
    this.#secret = Buffer.from(line.trim().split(' ').at(-1) ?? '', 'hex')
  }

  record(type: number, content: Uint8Array): Buffer {
    const nonce = expand(this.#secret, 'iv', 12)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sequence) >>> 0, 8)
    this.#sequence += 1
    const head = Buffer.from([APPLICATION, 3, 3, 0, 0])
    head.writeUInt16BE(content.length + 1 + TAG_BYTES, 3)
    const cipher = createCipheriv('aes-128-gcm', expand(this.#secret, 'key', 16), nonce).setAAD(head)
    const body = Buffer.concat([cipher.update(content), cipher.update(Buffer.from([type])), cipher.final()])
    return Buffer.concat([head, body, cipher.getAuthTag()])
  }

  data(content: string | Uint8Array): Buffer {
    return this.record(APPLICATION, Buffer.from(content))
  }

  alert(level: number, description: number): Buffer {
    return this.record(ALERT, Buffer.from([level, description]))
  }

  closeNotify(): Buffer {
    return this.alert(1, 0)
  }

  /** RFC 8446 section 4.6.3; `answered`: the server has to change its keys too. */
  keyUpdate(answered: boolean): Buffer {
    const record = this.record(HANDSHAKE, Buffer.from([24, 0, 0, 1, Number(answered)]))
    this.#secret = expand(this.#secret, 'traffic upd', 32)
    this.#sequence = 0
    return record
  }
}
