import { fileURLToPath } from 'node:url'
import { succeed } from '../../helpers/child.ts'
import { perlWith } from '../../helpers/clients.ts'
import type { Driver } from '../driver.ts'
import { jobOf } from '../job.ts'

const perl = perlWith('IO::Socket::SSL')
const script = fileURLToPath(new URL('../perl/net_ftp.pl', import.meta.url))

/** It resumes no TLS session, and closes data connections without a look at what the server sends. */
export const netFtp: Driver = {
  name: 'Perl Net::FTP',
  needs: [perl],
  listeners: ['ftp', 'ftpes', 'ftps'],
  manyOver: 'ftpes',
  cannot: {},
  keys: false,
  mfa: [
    { listener: 'ftpes', user: 'mfa', form: 'acct' },
    { listener: 'ftps', user: 'mfa', form: 'appended' },
    { listener: 'ftpes', user: 'certpass', form: 'cert-password' },
  ],
  perform: async (target, step) => {
    const input = JSON.stringify(jobOf(target, step))
    return (await succeed(perl.path ?? 'perl', [script], { home: target.home, input })).stdout
  },
}
