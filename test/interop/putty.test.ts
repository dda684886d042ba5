import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Ran, run, succeed } from '../helpers/child.ts'
import { program } from '../helpers/clients.ts'
import { hostKeyHash } from '../helpers/host-key.ts'
import { cannotAll, type Driver, type Step, secretOf, type Target, unsupported } from './driver.ts'
import { describeClient } from './scenarios.ts'
import { type Answers, withTerminal } from './ssh-login.ts'

/** psftp's quotes: a quote inside is doubled. */
function word(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

function command(step: Step): string {
  if (step.do === 'upload') return `put ${word(step.local)} ${word(step.remote)}`
  if (step.do === 'download') return `get ${word(step.remote)} ${word(step.local)}`
  if (step.do === 'resume-upload') return `reput ${word(step.local)} ${word(step.remote)}`
  if (step.do === 'resume-download') return `reget ${word(step.remote)} ${word(step.local)}`
  if (step.do === 'upload-tree') return `put -r ${word(step.local)} ${word(step.remote)}`
  if (step.do === 'download-tree') return `get -r ${word(step.remote)} ${word(step.local)}`
  if (step.do === 'list') return `ls ${word(step.remote)}`
  if (step.do === 'rename') return `mv ${word(step.from)} ${word(step.to)}`
  if (step.do === 'remove') return `rm ${word(step.remote)}`
  if (step.do === 'mkdir') return `mkdir ${word(step.remote)}`
  return `rmdir ${word(step.remote)}`
}

async function login(target: Target): Promise<readonly string[]> {
  const hash = await hostKeyHash(target.port, 'ssh-ed25519')
  const args = ['-P', String(target.port), '-hostkey', `SHA256:${hash}`, '-noagent', '-no-trivial-auth']
  if (target.form.startsWith('key')) {
    const ppk = join(dirname(target.home), 'key.ppk')
    await succeed('puttygen', [target.key, '-O', 'private', '-o', ppk], { home: target.home })
    args.push('-i', ppk)
  }
  if (target.form === 'password' || target.form === 'appended') args.push('-pw', secretOf(target))
  return args
}

/** PuTTY says `Password: ` itself for the password method and shows the server's own prompts otherwise. */
function answers(target: Target): Answers {
  return [
    ['erification code: ', target.code],
    ['assword: ', target.password],
  ]
}

async function start(program: string, target: Target, args: readonly string[]): Promise<Ran> {
  const words = [...(await login(target)), ...args]
  const asks = target.form === 'prompt' || target.form === 'key-prompt'
  if (asks) return withTerminal([program, ...words], answers(target), target.home)
  return run(program, ['-batch', ...words], { home: target.home })
}

function check(name: string, ran: Ran): string {
  // psftp ends with 0 although a command of its batch failed, and then says why in these words.
  const complaint = /: (open|mkdir|rmdir|rm|mv|unable)[^\n]*(failure|denied|no such|error)/i.exec(ran.output)
  if (ran.code !== 0 || complaint !== null) throw new Error(`${name} ended with ${ran.code}:\n${ran.output}`)
  return ran.stdout
}

const psftp: Driver = {
  name: 'psftp',
  needs: [program('psftp'), program('puttygen'), program('expect')],
  listeners: ['sftp'],
  cannot: {},
  keys: true,
  mfa: [
    { listener: 'sftp', user: 'mfa', form: 'prompt' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
    { listener: 'sftp', user: 'mfakey', form: 'key-prompt' },
  ],
  perform: async (target, step) => {
    const batch = join(dirname(target.home), 'batch')
    await writeFile(batch, `${command(step)}\nquit\n`)
    return check('psftp', await start('psftp', target, ['-b', batch, `${target.user}@${target.info.host}`]))
  },
}

function operands(target: Target, step: Step): readonly string[] {
  const there = (path: string) => `${target.user}@${target.info.host}:${path}`
  if (step.do === 'upload') return ['-sftp', '-q', step.local, there(step.remote)]
  if (step.do === 'download') return ['-sftp', '-q', there(step.remote), step.local]
  if (step.do === 'upload-tree') return ['-sftp', '-q', '-r', step.local, there(dirname(step.remote))]
  if (step.do === 'download-tree') return ['-sftp', '-q', '-r', there(step.remote), dirname(step.local)]
  if (step.do === 'list') return ['-sftp', '-ls', there(step.remote)]
  return unsupported('pscp', step)
}

const pscp: Driver = {
  name: 'pscp',
  needs: [program('pscp'), program('puttygen')],
  listeners: ['sftp'],
  cannot: cannotAll('it only copies', [
    'resume-upload',
    'resume-download',
    'rename',
    'remove',
    'mkdir',
    'rmdir',
  ]),
  keys: true,
  mfa: [{ listener: 'sftp', user: 'mfa', form: 'appended' }],
  perform: async (target, step) => check('pscp', await start('pscp', target, operands(target, step))),
}

describeClient(psftp)
describeClient(pscp)
