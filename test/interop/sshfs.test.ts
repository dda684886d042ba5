import { cp, mkdir, readdir, rename, rm, rmdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { run, succeed } from '../helpers/child.ts'
import { mountable, program } from '../helpers/clients.ts'
import { type Driver, type Step, secretOf, type Target, unsupported } from './driver.ts'
import { describeClient } from './scenarios.ts'

async function act(step: Step, top: string): Promise<string> {
  const at = (path: string) => join(top, path)
  switch (step.do) {
    case 'upload':
    case 'upload-tree':
      await cp(step.local, at(step.remote), { recursive: true, preserveTimestamps: true })
      return ''
    case 'download':
    case 'download-tree':
      await cp(at(step.remote), step.local, { recursive: true })
      return ''
    case 'resume-upload':
      await appendRest(step.local, at(step.remote), step.offset)
      return ''
    case 'resume-download':
      await appendRest(at(step.remote), step.local, step.offset)
      return ''
    case 'list':
      return (await readdir(at(step.remote))).join('\n')
    case 'rename':
      await rename(at(step.from), at(step.to))
      return ''
    case 'remove':
      await rm(at(step.remote))
      return ''
    case 'mkdir':
      await mkdir(at(step.remote))
      return ''
    case 'rmdir':
      await rmdir(at(step.remote))
      return ''
    case 'checksum':
      return unsupported('sshfs', step)
  }
}

/** As `tail -c +N source >> target` does it, after the target was cut to the offset. */
async function appendRest(source: string, target: string, offset: number): Promise<void> {
  await truncate(target, offset)
  const command = `tail -c +${offset + 1} "$1" >> "$2"`
  await succeed('sh', ['-c', command, 'sh', source, target], { home: '/tmp' })
}

/** Mounts the server for one step, as a user's file manager works on it. */
async function perform(target: Target, step: Step): Promise<string> {
  const top = join(target.home, 'mounted')
  await mkdir(top, { recursive: true })
  const options = [
    'password_stdin',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'PubkeyAuthentication=no',
    `port=${target.port}`,
  ].flatMap((option) => ['-o', option])
  const where = `${target.user}@${target.info.host}:/`
  await succeed('sshfs', [...options, where, top], {
    home: target.home,
    input: `${secretOf(target)}\n`,
  })
  try {
    return await act(step, top)
  } finally {
    await run('fusermount3', ['-u', top], { home: target.home })
  }
}

const sshfs: Driver = {
  name: 'sshfs',
  needs: [program('sshfs'), program('fusermount3'), mountable],
  listeners: ['sftp'],
  cannot: {},
  keys: false,
  mfa: [{ listener: 'sftp', user: 'mfa', form: 'appended' }],
  perform,
}

describeClient(sshfs)
