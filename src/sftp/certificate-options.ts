import { parseCidr } from '../core/net.ts'
import { createBodyReader } from './codec.ts'

/** What the critical options of a certificate ask for. */
export type CriticalOptions = Readonly<{
  /** CIDR texts; undefined: from anywhere. */
  sourceAddresses: readonly string[] | undefined
  verifyRequired: boolean
}>

/** The one command that asks for what is given anyway. */
const ONLY_COMMAND = 'internal-sftp'
const MAX_ADDRESSES = 256

type Option = Readonly<{ name: string; data: Buffer }>

/** PROTOCOL.certkeys: pairs of name and data. Throws protocol.syntax when they do not add up. */
export function readOptions(bytes: Buffer): readonly Option[] {
  const body = createBodyReader(bytes)
  const options: Option[] = []
  while (body.remaining > 0) options.push({ name: body.string().toString('latin1'), data: body.string() })
  return options
}

/** The data of an option is itself a string. */
function textOf(data: Buffer): string {
  const body = createBodyReader(data)
  const value = body.string().toString('utf8')
  return body.remaining > 0 ? '' : value
}

function addressesOf(data: Buffer): readonly string[] | undefined {
  const addresses = textOf(data).split(',')
  const sound = addresses.length <= MAX_ADDRESSES && addresses.every((text) => parseCidr(text).ok)
  return sound ? addresses : undefined
}

/** Undefined when an option is unknown, there twice, or asks for what is not given. Throws as `readOptions` does. */
export function criticalOptions(bytes: Buffer): CriticalOptions | undefined {
  let sourceAddresses: readonly string[] | undefined
  let verifyRequired = false
  const seen = new Set<string>()
  for (const { name, data } of readOptions(bytes)) {
    if (seen.has(name)) return undefined
    seen.add(name)
    if (name === 'source-address') {
      sourceAddresses = addressesOf(data)
      if (sourceAddresses === undefined) return undefined
    } else if (name === 'verify-required' && data.length === 0) verifyRequired = true
    else if (name !== 'force-command' || textOf(data) !== ONLY_COMMAND) return undefined
  }
  return { sourceAddresses, verifyRequired }
}
