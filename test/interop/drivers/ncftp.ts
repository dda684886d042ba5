import { mkdir, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { succeed } from '../../helpers/child.ts'
import { program } from '../../helpers/clients.ts'
import { type Driver, type Step, secretOf, type Target, unsupported } from '../driver.ts'

/** A command to the server, sent before the listing that ncftpls then makes. */
function raw(step: Step): readonly string[] {
  if (step.do === 'rename') return [`RNFR ${step.from}`, `RNTO ${step.to}`]
  if (step.do === 'remove') return [`DELE ${step.remote}`]
  if (step.do === 'mkdir') return [`MKD ${step.remote}`]
  if (step.do === 'rmdir') return [`RMD ${step.remote}`]
  return unsupported('ncftp', step)
}

function login(target: Target): readonly string[] {
  return ['-u', target.user, '-p', secretOf(target), '-P', String(target.port)]
}

async function put(target: Target, flags: readonly string[], step: { local: string; remote: string }) {
  const args = [...login(target), '-V', ...flags, target.info.host, dirname(step.remote), step.local]
  await succeed('ncftpput', args, { home: target.home })
}

/** ncftpget names the copy as the original; it is then moved to the name that the step wants. */
async function get(target: Target, flags: readonly string[], step: { local: string; remote: string }) {
  const folder = join(dirname(target.home), 'received')
  const inPlace = basename(step.local) === basename(step.remote)
  const into = inPlace ? dirname(step.local) : folder
  await mkdir(into, { recursive: true })
  const args = [...login(target), '-V', ...flags, target.info.host, into, step.remote]
  await succeed('ncftpget', args, { home: target.home })
  if (!inPlace) await rename(join(folder, basename(step.remote)), step.local)
}

/** The others of the family show no answer to a raw command. */
async function quote(target: Target, command: string): Promise<string> {
  const open = ['open', ...login(target), target.info.host].join(' ')
  const ran = await succeed('ncftp', [], {
    home: target.home,
    input: [open, `quote ${command}`, 'quit', ''].join('\n'),
  })
  return ran.stdout
}

const NO_TLS = 'it does not speak TLS'

export const ncftp: Driver = {
  name: 'ncftp',
  needs: [program('ncftp'), program('ncftpput'), program('ncftpget'), program('ncftpls')],
  listeners: ['ftp'],
  manyOver: 'ftp',
  absent: { ftpes: NO_TLS, ftps: NO_TLS },
  cannot: {
    'resume-upload': 'ncftp 3.2.6 names the offset and then sends the file from its first byte',
  },
  keys: false,
  mfa: [],
  perform: async (target, step) => {
    if (step.do === 'upload') await put(target, ['-Z'], step)
    else if (step.do === 'upload-tree') await put(target, ['-R'], step)
    else if (step.do === 'download') await get(target, ['-Z'], step)
    else if (step.do === 'resume-download') await get(target, ['-z'], step)
    else if (step.do === 'download-tree') await get(target, ['-R', '-T'], step)
    else if (step.do === 'checksum') return quote(target, `HASH ${step.remote}`)
    else {
      const before = step.do === 'list' ? [] : raw(step).flatMap((line) => ['-W', line])
      const path = step.do === 'list' ? `${step.remote}/` : '/'
      const url = `ftp://${target.info.host}${path}`
      const ran = await succeed('ncftpls', [...login(target), '-l', ...before, url], { home: target.home })
      return ran.stdout
    }
    return ''
  },
}
