import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from '../../helpers/child.ts'
import { program } from '../../helpers/clients.ts'
import { type Driver, type Step, secretOf, type Target } from '../driver.ts'
import { sshAnswers, sshOptions, withAskpass, withTerminal } from '../ssh-login.ts'

/** Quotes one word of an sftp batch; sftp's own globbing is kept out by the quotes. */
function word(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

function command(step: Step): string {
  if (step.do === 'upload') return `put ${word(step.local)} ${word(step.remote)}`
  if (step.do === 'download') return `get ${word(step.remote)} ${word(step.local)}`
  if (step.do === 'resume-upload') return `reput ${word(step.local)} ${word(step.remote)}`
  if (step.do === 'resume-download') return `reget ${word(step.remote)} ${word(step.local)}`
  if (step.do === 'upload-tree') return `put -r ${word(step.local)} ${word(dirname(step.remote))}`
  if (step.do === 'download-tree') return `get -r ${word(step.remote)} ${word(dirname(step.local))}`
  if (step.do === 'list') return `ls -la ${word(step.remote)}`
  if (step.do === 'rename') return `rename ${word(step.from)} ${word(step.to)}`
  if (step.do === 'remove') return `rm ${word(step.remote)}`
  if (step.do === 'mkdir') return `mkdir ${word(step.remote)}`
  return `rmdir ${word(step.remote)}`
}

async function perform(target: Target, step: Step): Promise<string> {
  const batch = join(dirname(target.home), 'batch')
  await writeFile(batch, `${command(step)}\n`)
  // BatchMode=no after -b: a batch would otherwise forbid the questions of a login.
  const args = [
    '-o',
    'BatchMode=no',
    '-b',
    batch,
    ...sshOptions(target),
    `${target.user}@${target.info.host}`,
  ]
  const asks = target.form === 'prompt' || target.form === 'key-prompt'
  const ran = asks
    ? await withTerminal(['sftp', ...args], sshAnswers(target), target.home)
    : target.form === 'appended'
      ? await run('sshpass', ['-e', 'sftp', ...args], {
          home: target.home,
          env: { SSHPASS: secretOf(target) },
        })
      : await withAskpass('sftp', args, target)
  if (ran.code !== 0) throw new Error(`sftp ended with ${ran.code}:\n${ran.output}`)
  return ran.stdout
}

export const opensshSftp: Driver = {
  name: 'OpenSSH sftp',
  needs: [program('sftp'), program('expect'), program('sshpass')],
  listeners: ['sftp'],
  cannot: {},
  keys: true,
  mfa: [
    { listener: 'sftp', user: 'mfa', form: 'prompt' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
    { listener: 'sftp', user: 'mfakey', form: 'key-prompt' },
    { listener: 'sftp', user: 'keypass', form: 'key-password' },
  ],
  perform,
}
