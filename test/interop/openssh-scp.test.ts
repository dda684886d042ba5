import { dirname } from 'node:path'
import { program } from '../helpers/clients.ts'
import { cannotAll, type Driver, type Step, type Target, unsupported } from './driver.ts'
import { describeClient } from './scenarios.ts'
import { sshAnswers, sshOptions, withAskpass, withTerminal } from './ssh-login.ts'

function operands(target: Target, step: Step): readonly string[] {
  const there = (path: string) => `${target.user}@${target.info.host}:${path}`
  if (step.do === 'upload') return [step.local, there(step.remote)]
  if (step.do === 'download') return [there(step.remote), step.local]
  if (step.do === 'upload-tree') return ['-r', step.local, there(dirname(step.remote))]
  if (step.do === 'download-tree') return ['-r', there(step.remote), dirname(step.local)]
  return unsupported('scp', step)
}

const scp: Driver = {
  name: 'OpenSSH scp',
  needs: [program('scp'), program('expect')],
  listeners: ['sftp'],
  cannot: cannotAll('it only copies', [
    'resume-upload',
    'resume-download',
    'list',
    'rename',
    'remove',
    'mkdir',
    'rmdir',
  ]),
  keys: true,
  mfa: [
    { listener: 'sftp', user: 'mfa', form: 'prompt' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
    { listener: 'sftp', user: 'mfakey', form: 'key-prompt' },
  ],
  perform: async (target, step) => {
    const args = ['-s', ...sshOptions(target), ...operands(target, step)]
    const asks = target.form === 'prompt' || target.form === 'key-prompt'
    const ran = asks
      ? await withTerminal(['scp', ...args], sshAnswers(target), target.home)
      : await withAskpass('scp', args, target)
    if (ran.code !== 0) throw new Error(`scp ended with ${ran.code}:\n${ran.output}`)
    return ran.stdout
  },
}

describeClient(scp)
