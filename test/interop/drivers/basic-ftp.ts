import { readFile } from 'node:fs/promises'
import { Client } from 'basic-ftp'
import { type Driver, type Step, secretOf, type Target } from '../driver.ts'

const TIMEOUT_MS = 30_000

async function open(target: Target): Promise<Client> {
  const client = new Client(TIMEOUT_MS)
  const secure = { ftp: false, ftpes: true, ftps: 'implicit' as const, sftp: false }[target.listener]
  const ca = await readFile(target.info.tls.ca)
  await client.access({
    host: target.info.host,
    port: target.port,
    user: target.user,
    password: secretOf(target),
    secure,
    secureOptions: { ca, servername: target.info.tls.servername },
  })
  return client
}

async function perform(client: Client, step: Step): Promise<string> {
  if (step.do === 'upload') await client.uploadFrom(step.local, step.remote)
  else if (step.do === 'download') await client.downloadTo(step.local, step.remote)
  else if (step.do === 'resume-upload') {
    await client.appendFrom(step.local, step.remote, { localStart: await client.size(step.remote) })
  } else if (step.do === 'resume-download') await client.downloadTo(step.local, step.remote, step.offset)
  else if (step.do === 'upload-tree') await client.uploadFromDir(step.local, step.remote)
  else if (step.do === 'download-tree') await client.downloadToDir(step.local, step.remote)
  else if (step.do === 'list') return (await client.list(step.remote)).map((entry) => entry.name).join('\n')
  else if (step.do === 'checksum') return (await client.send(`HASH ${step.remote}`)).message
  else if (step.do === 'rename') await client.rename(step.from, step.to)
  else if (step.do === 'remove') await client.remove(step.remote)
  else if (step.do === 'mkdir') await client.send(`MKD ${step.remote}`)
  else await client.removeDir(step.remote)
  return ''
}

export const basicFtp: Driver = {
  name: 'basic-ftp',
  needs: [],
  listeners: ['ftp', 'ftpes', 'ftps'],
  manyOver: 'ftpes',
  cannot: {},
  // 6.2.3 asks getCipher() whether the handshake is done; with a resumed session that says yes too early, and with
  // nothing to send the client closes the data connection in the middle of the handshake.
  breaksEmptyUploads: ['ftpes', 'ftps'],
  keys: false,
  mfa: [
    { listener: 'ftpes', user: 'mfa', form: 'appended' },
    { listener: 'ftps', user: 'mfa', form: 'appended' },
  ],
  perform: async (target, step) => {
    const client = await open(target)
    try {
      return await perform(client, step)
    } finally {
      client.close()
    }
  },
}
