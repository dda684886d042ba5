// With the ssh-*.ts all that knows how ssh2 1.17 looks inside: its one way in, which changes where it gets ciphers from.
import { createRequire } from 'node:module'

type Config = {
  inbound?: { forceNative?: boolean }
  outbound?: { forceNative?: boolean; onWrite?: unknown }
}
type Create = (config: Config) => unknown
type Crypto = { createCipher: Create; createDecipher: Create }

/** What a connection uses in place of the ciphers that ssh2 makes for it. */
export type Exchange = Readonly<{
  cipher(made: unknown): unknown
  decipher(made: unknown): unknown
}>

const load = createRequire(import.meta.url)
const crypto: Crypto = load('ssh2/lib/protocol/crypto.js')
const { createCipher, createDecipher } = crypto

/** By the function that ssh2 hands to every cipher of a connection. */
const exchanges = new WeakMap<object, Exchange>()

function exchangeOf({ outbound }: Config): Exchange | undefined {
  const write = outbound?.onWrite
  return typeof write === 'function' ? exchanges.get(write) : undefined
}

// ssh2's addon is never used: those of its ciphers that are collected end the process where it was built for Node 24.19 or
// later (nodejs/node#65446), and it shows no keys. What ssh2 calls native is Node's own crypto.
// A key exchange takes these when it is loaded, so this stands before it; who loads ssh2 elsewhere gets its own ciphers.
crypto.createCipher = (config) => {
  const exchange = exchangeOf(config)
  const { outbound } = config
  if (exchange === undefined || outbound === undefined) return createCipher(config)
  outbound.forceNative = true
  return exchange.cipher(createCipher(config))
}
crypto.createDecipher = (config) => {
  const exchange = exchangeOf(config)
  const { inbound } = config
  if (exchange === undefined || inbound === undefined) return createDecipher(config)
  inbound.forceNative = true
  return exchange.decipher(createDecipher(config))
}

/** Loaded here and nowhere else. */
export const ssh2: typeof import('ssh2') = load('ssh2')

/** From the next keys of this connection on. */
export function exchangeCiphers(protocol: object, exchange: Exchange): void {
  const write: unknown = Reflect.get(protocol, '_onWrite')
  if (typeof write === 'function') exchanges.set(write, exchange)
}
