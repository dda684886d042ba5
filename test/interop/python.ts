import { fileURLToPath } from 'node:url'
import { succeed } from '../helpers/child.ts'
import type { Client } from '../helpers/clients.ts'
import { type Driver, secretOf } from './driver.ts'

/** Performs a step by a script in python/, which gets the job as JSON on its standard input. */
export function pythonPerform(python: Client, script: string): Driver['perform'] {
  const file = fileURLToPath(new URL(`python/${script}`, import.meta.url))
  return async (target, step) => {
    const job = {
      host: target.info.host,
      servername: target.info.tls.servername,
      port: target.port,
      ca: target.info.tls.ca,
      listener: target.listener,
      form: target.form,
      user: target.user,
      secret: secretOf(target),
      code: target.code,
      key: target.key,
      certificate: target.form === 'cert-password' ? target.certificate : '',
      certificate_key: target.certificateKey,
      step,
    }
    // -B: no byte code is left beside the scripts.
    const args = ['-B', '-W', 'ignore', file]
    const ran = await succeed(python.path ?? 'python3', args, {
      home: target.home,
      input: JSON.stringify(job),
    })
    return ran.stdout
  }
}
