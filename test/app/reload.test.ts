import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Core } from '../../src/app/core.ts'
import type { Doors } from '../../src/app/doors.ts'
import { createReloader } from '../../src/app/reload.ts'
import { OperatorError } from '../../src/cli/failure.ts'
import type { Config } from '../../src/config/schema.ts'

function setup(broken: { certificate?: boolean; authorities?: boolean; users?: boolean; logs?: boolean }) {
  const denied: (readonly string[])[] = []
  const calls: string[] = []
  const step = (name: string, fails = false) => {
    calls.push(name)
    if (fails) throw new OperatorError(`${name} is broken.`, `Mend ${name}.`)
  }
  const silent = () => undefined
  const started = { access: { allow: [], deny: [] }, tls: { minVersion: 'TLSv1.2' } } as unknown as Config
  const reload = createReloader(started, {
    core: {
      users: {
        reload: async () => {
          calls.push('users')
          return broken.users !== true
        },
      },
      reloadKeyTrust: () => step('authorities', broken.authorities),
      replacePolicy: (config: Config) => denied.push(config.access.deny),
    } as unknown as Core,
    doors: { reloadFiles: () => step('certificate', broken.certificate) } as unknown as Doors,
    audit: { record: () => calls.push('audit'), with: () => assert.fail() },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    reopen: async () => step('logs', broken.logs),
  })
  const next = { ...started, access: { allow: [], deny: ['192.0.2.0/24'] } } as unknown as Config
  return { reload: () => reload(next), denied, calls }
}

test('a reload takes everything over and names it', async () => {
  const { reload, denied, calls } = setup({})
  assert.deepEqual(await reload(), ['access'])
  assert.deepEqual(denied, [['192.0.2.0/24']])
  assert.deepEqual(calls, ['logs', 'certificate', 'authorities', 'users', 'audit'])
  assert.deepEqual(await reload(), [])
})

test('what is broken keeps nothing else from being reloaded, and all of it is told', async () => {
  const { reload, denied, calls } = setup({ certificate: true, authorities: true, users: true, logs: true })
  await assert.rejects(reload(), (error: unknown) => {
    assert.ok(error instanceof OperatorError)
    assert.match(
      error.message,
      /logs is broken. certificate is broken. authorities is broken. The users file has problems/,
    )
    assert.match(error.remedy, /Mend logs. Mend certificate. Mend authorities./)
    return true
  })
  assert.deepEqual(denied, [['192.0.2.0/24']])
  assert.deepEqual(calls, ['logs', 'certificate', 'authorities', 'users', 'audit'])
})
