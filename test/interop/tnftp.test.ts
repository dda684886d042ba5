import { run } from '../helpers/child.ts'
import { program } from '../helpers/clients.ts'
import { type Driver, type Step, secretOf, unsupported } from './driver.ts'
import { describeClient } from './scenarios.ts'

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
  if (step.do === 'list') return [`ls ${word(step.remote)}`]
  if (step.do === 'rename') return [`rename ${word(step.from)} ${word(step.to)}`]
  if (step.do === 'remove') return [`delete ${word(step.remote)}`]
  if (step.do === 'mkdir') return [`mkdir ${word(step.remote)}`]
  if (step.do === 'rmdir') return [`rmdir ${word(step.remote)}`]
  return unsupported('tnftp', step)
}

const tnftp: Driver = {
  name: 'tnftp',
  needs: [program('tnftp')],
  listeners: ['ftp'],
  cannot: ['upload-tree', 'download-tree'],
  keys: false,
  mfa: [],
  perform: async (target, step) => {
    const script = [
      `open ${target.info.host} ${target.port}`,
      `user ${target.user} ${secretOf(target)}`,
      'binary',
      ...commands(step),
      'quit',
      '',
    ]
    const ran = await run('tnftp', ['-n', '-v', '-i'], { home: target.home, input: script.join('\n') })
    // tnftp ends with 0 whatever the server said, so its replies are read.
    const refusal = /^(4|5)\d\d[ -](?!.*(EPSV|MLST|FEAT)).*$/m.exec(ran.stdout)
    if (ran.code !== 0 || refusal !== null) throw new Error(`tnftp ended with ${ran.code}:\n${ran.output}`)
    return ran.stdout
  },
}

describeClient(tnftp)
