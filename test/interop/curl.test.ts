import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { succeed } from '../helpers/child.ts'
import { program } from '../helpers/clients.ts'
import { hostKeyHash } from '../helpers/host-key.ts'
import { type Driver, type Step, secretOf, type Target, unsupported, urlPath } from './driver.ts'
import { describeClient } from './scenarios.ts'

function url(target: Target, path: string): string {
  const scheme = { ftp: 'ftp', ftpes: 'ftp', ftps: 'ftps', sftp: 'sftp' }[target.listener]
  // curl takes an FTP path as relative to the login folder; %2F makes it absolute.
  const absolute = scheme === 'sftp' ? urlPath(path) : `/%2F${urlPath(path.slice(1))}`
  return `${scheme}://${target.info.tls.servername}:${target.port}${absolute}`
}

async function login(target: Target): Promise<readonly string[]> {
  const name = target.info.tls.servername
  const args = ['-sS', '--resolve', `${name}:${target.port}:${target.info.host}`]
  if (target.listener === 'ftpes') args.push('--ssl-reqd')
  if (target.listener === 'sftp') args.push('--hostpubsha256', await hostKeyHash(target.port, 'ssh-ed25519'))
  else args.push('--cacert', target.info.tls.ca)
  if (target.form === 'cert-password') args.push('--cert', target.certificate, '--key', target.certificateKey)
  if (target.form === 'acct') args.push('--ftp-account', target.code)
  if (target.form === 'key') args.push('--key', target.key, '--user', `${target.user}:`)
  else args.push('--user', `${target.user}:${secretOf(target)}`)
  return args
}

/** Commands to the server itself, sent instead of a transfer: FTP's own verbs, or curl's words for SFTP. */
function quotes(target: Target, step: Step): readonly string[] {
  const sftp = target.listener === 'sftp'
  const word = (text: string) => (sftp ? `"${text}"` : text)
  if (step.do === 'mkdir') return [`${sftp ? 'mkdir' : 'MKD'} ${word(step.remote)}`]
  if (step.do === 'rmdir') return [`${sftp ? 'rmdir' : 'RMD'} ${word(step.remote)}`]
  if (step.do === 'remove') return [`${sftp ? 'rm' : 'DELE'} ${word(step.remote)}`]
  if (step.do !== 'rename') unsupported('curl', step)
  if (sftp) return [`rename ${word(step.from)} ${word(step.to)}`]
  return [`RNFR ${step.from}`, `RNTO ${step.to}`]
}

function transfer(target: Target, step: Step): readonly string[] {
  if (step.do === 'upload') return ['-T', step.local, url(target, step.remote)]
  if (step.do === 'download') return ['-o', step.local, url(target, step.remote)]
  if (step.do === 'resume-upload')
    return ['-C', String(step.offset), '-T', step.local, url(target, step.remote)]
  if (step.do === 'resume-download') return ['-C', '-', '-o', step.local, url(target, step.remote)]
  if (step.do === 'list') return [url(target, `${step.remote}/`)]
  return [...quotes(target, step).flatMap((text) => ['-Q', text]), '-o', '/dev/null', url(target, '/')]
}

const curl: Driver = {
  name: 'curl',
  needs: [program('curl')],
  listeners: ['ftp', 'ftpes', 'ftps', 'sftp'],
  cannot: ['upload-tree', 'download-tree'],
  keys: true,
  mfa: [
    { listener: 'ftpes', user: 'mfa', form: 'acct' },
    { listener: 'ftps', user: 'mfa', form: 'appended' },
    { listener: 'ftpes', user: 'certpass', form: 'cert-password' },
    { listener: 'ftps', user: 'certpass', form: 'cert-password' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
  ],
  perform: async (target, step) => {
    await mkdir(join(target.home), { recursive: true })
    const args = [...(await login(target)), ...transfer(target, step)]
    const ran = await succeed('curl', args, { home: target.home })
    return ran.stdout
  },
}

describeClient(curl)
