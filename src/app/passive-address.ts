import { isIPv4 } from 'node:net'
import type { Config, ListenerConfig } from '../config/schema.ts'
import { createAddressList } from '../core/net.ts'
import type { FtpSettings } from '../ftp/settings.ts'

export type FindHost = (name: string) => string | undefined

type FtpListener = Extract<ListenerConfig, { door: 'ftp' }>
type Sources = Pick<FtpListener, 'passiveAddress' | 'passiveNetworks'>

function sourcesOf({ ftp }: Pick<Config, 'ftp'>, listener: Sources) {
  return {
    address: listener.passiveAddress ?? ftp.passiveAddress,
    networks: listener.passiveNetworks ?? ftp.passiveNetworks,
  }
}

/** What PASV names to a client; `find` knows the addresses of host names. */
export function passiveAddressOf(
  config: Pick<Config, 'ftp'>,
  listener: Sources,
  find: FindHost,
): FtpSettings['passiveAddress'] {
  const { address, networks } = sourcesOf(config, listener)
  const lists = networks.map((one) => ({ clients: createAddressList(one.networks), address: one.address }))
  return (remoteIp) => {
    const match = lists.find(({ clients }) => clients.has(remoteIp))
    const chosen = match === undefined ? address : match.address
    if (chosen === null) return 'own'
    return isIPv4(chosen) ? chosen : find(chosen)
  }
}

/** Every host name that some listener names. */
export function passiveHostNames(config: Config): ReadonlySet<string> {
  const listeners = config.listeners.filter((listener) => listener.door === 'ftp')
  const all = listeners.flatMap((listener) => {
    const { address, networks } = sourcesOf(config, listener)
    return [address, ...networks.map((one) => one.address)]
  })
  return new Set(all.flatMap((one) => (one === null || isIPv4(one) ? [] : [one])))
}
