import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import Client from 'ssh2-sftp-client'
import { type Driver, type Step, secretOf, type Target, unsupported } from './driver.ts'
import { describeClient } from './scenarios.ts'

const QUIET = { error: () => {}, end: () => {}, close: () => {} }

async function open(target: Target): Promise<Client> {
  const client = new Client('interop', QUIET)
  client.on('keyboard-interactive', (_name, _text, _lang, prompts, finish) => {
    finish(prompts.map(({ prompt }) => (/code/i.test(prompt) ? target.code : target.password)))
  })
  const base = { host: target.info.host, port: target.port, username: target.user, retries: 0 }
  if (target.form === 'prompt') await client.connect({ ...base, tryKeyboard: true })
  else if (target.form === 'key') await client.connect({ ...base, privateKey: await readFile(target.key) })
  else if (target.form === 'key-prompt') {
    await client.connect({ ...base, privateKey: await readFile(target.key), tryKeyboard: true })
  } else await client.connect({ ...base, password: secretOf(target) })
  return client
}

async function perform(client: Client, step: Step): Promise<string> {
  if (step.do === 'upload') await client.put(step.local, step.remote)
  else if (step.do === 'download') await download(client, step.remote, step.local)
  else if (step.do === 'resume-upload') await resumeUpload(client, step.local, step.remote)
  else if (step.do === 'upload-tree') await client.uploadDir(step.local, step.remote)
  else if (step.do === 'download-tree')
    await client.downloadDir(step.remote, step.local, { useFastget: true })
  else if (step.do === 'list') return (await client.list(step.remote)).map((entry) => entry.name).join('\n')
  else if (step.do === 'rename') await client.rename(step.from, step.to)
  else if (step.do === 'remove') await client.delete(step.remote)
  else if (step.do === 'mkdir') await client.mkdir(step.remote)
  else if (step.do === 'rmdir') await client.rmdir(step.remote)
  else if (step.do === 'resume-download') await download(client, step.remote, step.local, step.offset)
  else unsupported('ssh2-sftp-client', step)
  return ''
}

/**
 * get() resolves when all was read, which can be before all is written; so can downloadDir(), which uses get() unless told
 * otherwise. A program that wants the file waits for its stream, as this does.
 */
async function download(client: Client, remote: string, local: string, offset = 0): Promise<void> {
  const target = createWriteStream(local, { flags: offset > 0 ? 'a' : 'w' })
  await Promise.all([client.get(remote, target, { readStreamOptions: { start: offset } }), finished(target)])
}

async function resumeUpload(client: Client, local: string, remote: string): Promise<void> {
  const there = await client.stat(remote)
  await client.append((await readFile(local)).subarray(there.size), remote)
}

const ssh2SftpClient: Driver = {
  name: 'ssh2-sftp-client',
  needs: [],
  listeners: ['sftp'],
  cannot: {},
  keys: true,
  mfa: [
    { listener: 'sftp', user: 'mfa', form: 'prompt' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
    { listener: 'sftp', user: 'mfakey', form: 'key-prompt' },
  ],
  perform: async (target, step) => {
    const client = await open(target)
    try {
      return await perform(client, step)
    } finally {
      await client.end()
    }
  },
}

describeClient(ssh2SftpClient)
