import type { Verb } from '../verb.ts'
import { JSON_OPTION } from '../verb.ts'

export const version: Verb = {
  path: 'version',
  group: 'About',
  summary: 'print the versions of Sallyport and of its runtime',
  options: [JSON_OPTION],
  run: async (input, { terminal, services }) => {
    const facts = {
      sallyport: services.version,
      node: process.versions.node,
      openssl: process.versions.openssl,
    }
    if (input.flag('json')) terminal.out(JSON.stringify(facts))
    else terminal.out(`sallyport ${facts.sallyport} (Node ${facts.node}, OpenSSL ${facts.openssl})`)
    return undefined
  },
}
