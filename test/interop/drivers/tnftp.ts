import { run } from '../../helpers/child.ts'
import { program } from '../../helpers/clients.ts'
import { type Driver, type Step, secretOf, type Target, unsupported } from '../driver.ts'
import { localTree, makeFolders, remoteTree } from './trees.ts'

function word(text: string): string {
  return `"${text}"`
}

function commands(step: Step): readonly string[] {
  if (step.do === 'upload') return [`put ${word(step.local)} ${word(step.remote)}`]
  if (step.do === 'download') return [`get ${word(step.remote)} ${word(step.local)}`]
  if (step.do === 'resume-upload') {
    return [`restart ${step.offset}`, `put ${word(step.local)} ${word(step.remote)}`]
  }
  if (step.do === 'resume-download') return [`reget ${word(step.remote)} ${word(step.local)}`]
  if (step.do === 'checksum') return [`quote HASH ${step.remote}`]
  if (step.do === 'list') return [`ls ${word(step.remote)}`]
  if (step.do === 'rename') return [`rename ${word(step.from)} ${word(step.to)}`]
  if (step.do === 'remove') return [`delete ${word(step.remote)}`]
  if (step.do === 'mkdir') return [`mkdir ${word(step.remote)}`]
  if (step.do === 'rmdir') return [`rmdir ${word(step.remote)}`]
  return unsupported('tnftp', step)
}

async function tell(target: Target, lines: readonly string[]): Promise<string> {
  const { host } = target.info
  const opening = [`open ${host} ${target.port}`, `user ${target.user} ${secretOf(target)}`, 'binary']
  const script = [...opening, ...lines, 'quit', ''].join('\n')
  const ran = await run('tnftp', ['-n', '-v', '-i'], { home: target.home, input: script })
  // tnftp ends with 0 whatever the server said, so its replies are read.
  const refusal = /^(4|5)\d\d[ -](?!.*(EPSV|MLST|FEAT)).*$/m.exec(ran.stdout)
  if (ran.code !== 0 || refusal !== null) throw new Error(`tnftp ended with ${ran.code}:\n${ran.output}`)
  return ran.stdout
}

const NO_TLS = 'it does not speak TLS'

export const tnftp: Driver = {
  name: 'tnftp',
  needs: [program('tnftp')],
  listeners: ['ftp'],
  manyOver: 'ftp',
  cannot: {},
  absent: { ftpes: NO_TLS, ftps: NO_TLS },
  keys: false,
  mfa: [],
  perform: async (target, step) => {
    if (step.do === 'upload-tree') {
      const { folders, files } = await localTree(step.local)
      const made = ['', ...folders].map((path) => `mkdir ${word(step.remote + path)}`)
      const sent = files.map((path) => `put ${word(step.local + path)} ${word(step.remote + path)}`)
      return tell(target, [...made, ...sent])
    }
    if (step.do !== 'download-tree') return tell(target, commands(step))
    const mlsd = async (paths: readonly string[]) =>
      (
        await tell(
          target,
          paths.map((path) => `mlsd ${word(path)}`),
        )
      ).split(/^226 /m)
    const tree = await remoteTree(mlsd, step.remote)
    await makeFolders(step.local, tree)
    const fetched = tree.files.map((path) => `get ${word(step.remote + path)} ${word(step.local + path)}`)
    return tell(target, fetched)
  },
}
