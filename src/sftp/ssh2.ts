// With the ssh-*.ts all that knows how ssh2 1.17 looks inside: its one way in, which changes where it gets ciphers from.
import { createRequire } from 'node:module'

type Config = {
  inbound?: { forceNative?: boolean; decipherInfo?: unknown }
  outbound?: { forceNative?: boolean; cipherInfo?: unknown; onWrite?: unknown }
}
type Create = (config: Config) => unknown
type Crypto = { createCipher: Create; createDecipher: Create }

/** What a connection uses in place of the ciphers that ssh2 makes for it. */
export type Exchange = Readonly<{
  /** Have ssh2 make ciphers that show their keys, also where it has an addon that does not. */
  showsKeys: boolean
  cipher(made: unknown): unknown
  decipher(made: unknown): unknown
}>

const load = createRequire(import.meta.url)
const crypto: Crypto = load('ssh2/lib/protocol/crypto.js')
const { createCipher, createDecipher } = crypto

/** By the function that ssh2 hands to every cipher of a connection. */
const exchanges = new WeakMap<object, Exchange>()
/** The ciphers that ours can stand in for, by their name in OpenSSL; ssh2's addon has others too. */
const OURS: ReadonlySet<unknown> = new Set(['aes-128-gcm', 'aes-256-gcm', 'chacha20'])

function exchangeOf({ outbound }: Config): Exchange | undefined {
  const write = outbound?.onWrite
  return typeof write === 'function' ? exchanges.get(write) : undefined
}

const showsKeys = (exchange: Exchange | undefined, info: unknown): boolean =>
  exchange?.showsKeys === true && OURS.has(Reflect.get(Object(info), 'sslName'))

// A key exchange takes these when it is loaded, so this stands before it; who loads ssh2 elsewhere gets its own ciphers.
crypto.createCipher = (config) => {
  const exchange = exchangeOf(config)
  const { outbound } = config
  if (outbound && showsKeys(exchange, outbound.cipherInfo)) outbound.forceNative = true
  const made = createCipher(config)
  return exchange === undefined ? made : exchange.cipher(made)
}
crypto.createDecipher = (config) => {
  const exchange = exchangeOf(config)
  const { inbound } = config
  if (inbound && showsKeys(exchange, inbound.decipherInfo)) inbound.forceNative = true
  const made = createDecipher(config)
  return exchange === undefined ? made : exchange.decipher(made)
}

/** Loaded here and nowhere else. */
export const ssh2: typeof import('ssh2') = load('ssh2')

/** From the next keys of this connection on. */
export function exchangeCiphers(protocol: object, exchange: Exchange): void {
  const write: unknown = Reflect.get(protocol, '_onWrite')
  if (typeof write === 'function') exchanges.set(write, exchange)
}
