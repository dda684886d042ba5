import { fileURLToPath } from 'node:url'
import { succeed } from '../helpers/child.ts'
import type { Client } from '../helpers/clients.ts'
import type { Driver } from './driver.ts'
import { jobOf } from './job.ts'

/** Performs a step by a script in python/, which gets the job as JSON on its standard input. */
export function pythonPerform(python: Client, script: string): Driver['perform'] {
  const file = fileURLToPath(new URL(`python/${script}`, import.meta.url))
  return async (target, step) => {
    // -B: no byte code is left beside the scripts.
    const args = ['-B', '-W', 'ignore', file]
    const ran = await succeed(python.path ?? 'python3', args, {
      home: target.home,
      input: JSON.stringify(jobOf(target, step)),
    })
    return ran.stdout
  }
}
