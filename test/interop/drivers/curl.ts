import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { succeed } from '../../helpers/child.ts'
import { program } from '../../helpers/clients.ts'
import { hostKeyHash } from '../../helpers/host-key.ts'
import { type Driver, type Step, secretOf, type Target, unsupported, urlPath } from '../driver.ts'
import { localTree, makeFolders, remoteTree, type Tree } from './trees.ts'

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
  if (step.do === 'checksum') return [`HASH ${step.remote}`]
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
  const commands = quotes(target, step).flatMap((text) => ['-Q', text])
  // What the server answers to a command is only shown with everything else.
  return [...(step.do === 'checksum' ? ['-v'] : []), ...commands, '-o', '/dev/null', url(target, '/')]
}

async function curlOnce(target: Target, args: readonly string[], input = ''): Promise<string> {
  const ran = await succeed('curl', [...(await login(target)), ...args], { home: target.home, input })
  return ran.output
}

/**
 * curl walks no trees; it takes a list. In parallel, because curl 7.88 sleeps a second when an answer to EPSV is there
 * before it looks for it, and nothing else wakes it.
 */
async function transferAll(target: Target, option: 'upload-file' | 'output', step: TreeStep, tree: Tree) {
  const lines = tree.files.map(
    (path) => `${option} = "${step.local}${path}"\nurl = "${url(target, `${step.remote}${path}`)}"`,
  )
  await curlOnce(target, [...PARALLEL, '-K', '-'], lines.join('\n'))
}

const PARALLEL = ['--parallel', '--parallel-max', '4', '--ftp-create-dirs'] as const

type TreeStep = Extract<Step, { do: 'upload-tree' | 'download-tree' }>

async function uploadTree(target: Target, step: TreeStep): Promise<void> {
  await transferAll(target, 'upload-file', step, await localTree(step.local))
}

async function downloadTree(target: Target, step: TreeStep): Promise<void> {
  const scratch = join(target.home, 'listings')
  const mlsd = async (paths: readonly string[]) => {
    await mkdir(scratch, { recursive: true })
    const to = paths.map((_, index) => join(scratch, String(index)))
    const outputs = paths.flatMap((path, index) => ['-o', to[index] ?? '', url(target, `${path}/`)])
    await curlOnce(target, ['-X', 'MLSD', ...outputs])
    return Promise.all(to.map((file) => readFile(file, 'utf8')))
  }
  const tree = await remoteTree(mlsd, step.remote)
  await makeFolders(step.local, tree)
  await transferAll(target, 'output', step, tree)
}

const ONE_BY_ONE = 'it walks no trees'

export const curl: Driver = {
  name: 'curl',
  needs: [program('curl')],
  listeners: ['ftp', 'ftpes', 'ftps', 'sftp'],
  manyOver: 'ftps',
  cannot: { 'upload-tree': { sftp: ONE_BY_ONE }, 'download-tree': { sftp: ONE_BY_ONE } },
  keys: true,
  mfa: [
    { listener: 'ftpes', user: 'mfa', form: 'acct' },
    { listener: 'ftps', user: 'mfa', form: 'appended' },
    { listener: 'ftpes', user: 'certpass', form: 'cert-password' },
    { listener: 'ftps', user: 'certpass', form: 'cert-password' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
  ],
  perform: async (target, step) => {
    if (step.do === 'upload-tree') await uploadTree(target, step)
    else if (step.do === 'download-tree') await downloadTree(target, step)
    else return curlOnce(target, transfer(target, step))
    return ''
  },
}
