import { dirname } from 'node:path'
import { succeed } from '../../helpers/child.ts'
import { program } from '../../helpers/clients.ts'
import { cannotAll, type Driver, type Step, secretOf, type Target, unsupported, urlPath } from '../driver.ts'

function url(target: Target, path: string): string {
  const scheme = target.listener === 'ftp' ? 'ftp' : 'ftps'
  return `${scheme}://${target.info.tls.servername}:${target.port}${urlPath(path)}`
}

function options(target: Target): readonly string[] {
  const common = ['-nv', '--tries=1', '--timeout=30', '--inet4-only', '--restrict-file-names=nocontrol']
  if (target.listener === 'ftp') return common
  const implicit = target.listener === 'ftps' ? ['--ftps-implicit'] : []
  return [...common, ...implicit, `--ca-certificate=${target.info.tls.ca}`]
}

function operands(target: Target, step: Step): readonly string[] {
  if (step.do === 'download') return ['-O', step.local, url(target, step.remote)]
  if (step.do === 'resume-download') return ['-c', '-O', step.local, url(target, step.remote)]
  if (step.do === 'list') return ['-O', '-', url(target, `${step.remote}/`)]
  if (step.do !== 'download-tree') return unsupported('wget', step)
  const depth = step.remote.split('/').length - 2
  const into = ['-nH', `--cut-dirs=${depth}`, '-P', dirname(step.local)]
  return ['-r', '-l', 'inf', ...into, url(target, `${step.remote}/`)]
}

export const wget: Driver = {
  name: 'wget',
  needs: [program('wget')],
  listeners: ['ftp', 'ftpes', 'ftps'],
  manyOver: 'ftpes',
  cannot: cannotAll('it only fetches', [
    'upload',
    'resume-upload',
    'upload-tree',
    'rename',
    'remove',
    'mkdir',
    'rmdir',
    'checksum',
  ]),
  keys: false,
  mfa: [],
  perform: async (target, step) => {
    const login = [`--user=${target.user}`, `--password=${secretOf(target)}`]
    const args = ['--no-config', ...options(target), ...login, ...operands(target, step)]
    const ran = await succeed('wget', args, { home: target.home })
    return ran.stdout.replaceAll('&#32;', ' ')
  },
}
