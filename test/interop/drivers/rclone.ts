import { succeed } from '../../helpers/child.ts'
import { program } from '../../helpers/clients.ts'
import { type Driver, type Step, secretOf, type Target, unsupported } from '../driver.ts'

async function remote(target: Target): Promise<Record<string, string>> {
  const type = target.listener === 'sftp' ? 'SFTP' : 'FTP'
  const env: Record<string, string> = {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_DOOR_TYPE: type.toLowerCase(),
    RCLONE_CONFIG_DOOR_HOST: target.listener === 'sftp' ? target.info.host : target.info.tls.servername,
    RCLONE_CONFIG_DOOR_PORT: String(target.port),
    RCLONE_CONFIG_DOOR_USER: target.user,
    SSL_CERT_FILE: target.info.tls.ca,
  }
  if (target.listener === 'ftpes') env.RCLONE_CONFIG_DOOR_EXPLICIT_TLS = 'true'
  if (target.listener === 'ftps') env.RCLONE_CONFIG_DOOR_TLS = 'true'
  if (type === 'SFTP') env.RCLONE_CONFIG_DOOR_SHELL_TYPE = 'none'
  if (target.form === 'key') env.RCLONE_CONFIG_DOOR_KEY_FILE = target.key
  else {
    const hidden = await succeed('rclone', ['obscure', '-'], { home: target.home, input: secretOf(target) })
    env.RCLONE_CONFIG_DOOR_PASS = hidden.stdout.trim()
  }
  return env
}

function operands(step: Step): readonly string[] {
  const there = (path: string) => `door:${path}`
  if (step.do === 'upload') return ['copyto', '--ignore-times', step.local, there(step.remote)]
  if (step.do === 'download') return ['copyto', there(step.remote), step.local]
  if (step.do === 'upload-tree') return ['copy', '--create-empty-src-dirs', step.local, there(step.remote)]
  if (step.do === 'download-tree') return ['copy', '--create-empty-src-dirs', there(step.remote), step.local]
  if (step.do === 'list') return ['lsf', there(step.remote)]
  if (step.do === 'rename') return ['moveto', there(step.from), there(step.to)]
  if (step.do === 'remove') return ['deletefile', there(step.remote)]
  if (step.do === 'mkdir') return ['mkdir', there(step.remote)]
  if (step.do === 'rmdir') return ['rmdir', there(step.remote)]
  return unsupported('rclone', step)
}

export const rclone: Driver = {
  name: 'rclone',
  needs: [program('rclone')],
  listeners: ['ftp', 'ftpes', 'ftps', 'sftp'],
  manyOver: 'ftps',
  cannot: {
    'resume-upload': 'it sends a file again rather than resume it',
    'resume-download': 'it fetches a file again rather than resume it',
    checksum: 'its FTP backend knows no checksums; it compares sizes and times',
  },
  keys: true,
  // A code counts once, so a job with one must keep to one connection: --transfers 1 --checkers 1 and one connection.
  mfa: [
    { listener: 'ftpes', user: 'mfa', form: 'appended' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
  ],
  perform: async (target, step) => {
    const env = await remote(target)
    const single = target.form === 'appended' ? ['--transfers', '1', '--checkers', '1'] : []
    if (target.form === 'appended' && target.listener !== 'sftp') env.RCLONE_CONFIG_DOOR_CONCURRENCY = '1'
    const args = ['--retries', '1', '--low-level-retries', '1', ...single, ...operands(step)]
    const ran = await succeed('rclone', args, { home: target.home, env })
    return ran.stdout
  },
}
