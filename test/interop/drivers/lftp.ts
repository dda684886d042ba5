import { basename, dirname } from 'node:path'
import { succeed } from '../../helpers/child.ts'
import { program } from '../../helpers/clients.ts'
import { type Driver, type Step, secretOf, type Target } from '../driver.ts'

/** Quotes one word of an lftp command line. */
function word(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

function certificate({ form, certificate: file, certificateKey }: Target): readonly string[] {
  if (form !== 'cert-password') return []
  return [`set ssl:cert-file ${word(file)}`, `set ssl:key-file ${word(certificateKey)}`]
}

function settings(target: Target): readonly string[] {
  const ssh = [
    'ssh -a -x -F none',
    '-o StrictHostKeyChecking=no',
    '-o UserKnownHostsFile=/dev/null',
    target.form === 'key'
      ? `-i ${target.key} -o PreferredAuthentications=publickey`
      : '-o PubkeyAuthentication=no',
  ]
  return [
    'set cmd:fail-exit true',
    'set cmd:interactive false',
    'set net:max-retries 1',
    'set net:timeout 20',
    'set dns:order inet',
    'set xfer:clobber true',
    'set ftp:charset UTF-8',
    'set sftp:charset UTF-8',
    `set ftp:ssl-allow ${target.listener === 'ftp' ? 'false' : 'true'}`,
    'set ftp:ssl-force true',
    'set ftp:ssl-protect-data true',
    `set ssl:ca-file ${word(target.info.tls.ca)}`,
    'set ssl:verify-certificate true',
    ...certificate(target),
    `set sftp:connect-program ${word(ssh.join(' '))}`,
  ].filter((line) => target.listener !== 'ftp' || line !== 'set ftp:ssl-force true')
}

function commands(step: Step): readonly string[] {
  if (step.do === 'upload') return [`put ${word(step.local)} -o ${word(step.remote)}`]
  if (step.do === 'download') return [`get ${word(step.remote)} -o ${word(step.local)}`]
  if (step.do === 'resume-upload') return [`put -c ${word(step.local)} -o ${word(step.remote)}`]
  if (step.do === 'resume-download') return [`get -c ${word(step.remote)} -o ${word(step.local)}`]
  if (step.do === 'upload-tree') return [`mirror -R -P 2 ${word(step.local)} ${word(step.remote)}`]
  if (step.do === 'download-tree') {
    return [
      `lcd ${word(dirname(step.local))}`,
      `mirror -P 2 ${word(step.remote)} ${word(basename(step.local))}`,
    ]
  }
  if (step.do === 'checksum') return [`quote HASH ${step.remote}`]
  if (step.do === 'list') return [`cls -l ${word(`${step.remote}/`)}`]
  if (step.do === 'rename') return [`mv ${word(step.from)} ${word(step.to)}`]
  if (step.do === 'remove') return [`rm ${word(step.remote)}`]
  if (step.do === 'mkdir') return [`mkdir ${word(step.remote)}`]
  return [`rmdir ${word(step.remote)}`]
}

export const lftp: Driver = {
  name: 'lftp',
  needs: [program('lftp'), program('ssh')],
  listeners: ['ftp', 'ftpes', 'ftps', 'sftp'],
  manyOver: 'ftp',
  cannot: {},
  keys: true,
  mfa: [
    { listener: 'ftpes', user: 'mfa', form: 'appended' },
    { listener: 'ftps', user: 'mfa', form: 'appended' },
    { listener: 'ftpes', user: 'certpass', form: 'cert-password' },
    { listener: 'ftps', user: 'certpass', form: 'cert-password' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
  ],
  perform: async (target, step) => {
    const scheme = { ftp: 'ftp', ftpes: 'ftp', ftps: 'ftps', sftp: 'sftp' }[target.listener]
    const open = `open -u ${word(target.user)},${word(secretOf(target))} -p ${target.port} ${scheme}://${target.info.tls.servername}`
    const script = [...settings(target), open, ...commands(step), 'bye', '']
    const ran = await succeed('lftp', ['--norc'], { home: target.home, input: script.join('\n') })
    return ran.stdout
  },
}
