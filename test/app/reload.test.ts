import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Core } from '../../src/app/core.ts'
import type { Doors } from '../../src/app/doors.ts'
import { createReloader } from '../../src/app/reload.ts'
import { OperatorError } from '../../src/cli/failure.ts'
import type { Config } from '../../src/config/schema.ts'

const ssh = (users: readonly string[]) => ({
  ...{ name: 'b', door: 'sftp', port: 22, users },
  ...{ algorithms: 'modern', exceptions: [] },
})

function setup(broken: {
  certificate?: boolean | Error
  renewed?: readonly string[]
  authorities?: boolean
  users?: boolean
  logs?: boolean
}) {
  const denied: (readonly string[])[] = []
  const calls: string[] = []
  const step = (name: string, fails: boolean | Error = false) => {
    calls.push(name)
    if (fails instanceof Error) throw fails
    if (fails) throw new OperatorError(`${name} is broken.`, `Mend ${name}.`)
  }
  const silent = () => undefined
  const logged: unknown[] = []
  const audited: (readonly string[])[] = []
  const listener = (users: readonly string[], port = 21) => ({
    ...{ name: 'a', door: 'ftp', port, users },
    hosts: [{ name: 'one.test', users }],
  })
  const started = {
    access: { allow: [], deny: [] },
    tls: { certificateFile: '/a.crt', keyFile: '/a.key', minVersion: 'TLSv1.2' },
    sftp: { algorithms: 'modern', minRsaBits: 3072, idleSeconds: 900 },
    listeners: [listener([]), ssh([])],
  } as unknown as Config
  const admitted: unknown[] = []
  const offered: Config[] = []
  const reload = createReloader(started, {
    core: {
      users: {
        reload: async () => {
          calls.push('users')
          return broken.users !== true
        },
      },
      reloadKeyTrust: () => step('authorities', broken.authorities),
      replacePolicy: (config: Config) => {
        denied.push(config.access.deny)
        admitted.push(config.listeners)
      },
    } as unknown as Core,
    doors: {
      reloadFiles: () => {
        try {
          step('certificate', broken.certificate)
          return { problems: [], renewed: broken.renewed ?? [], tlsInUse: true }
        } catch (error) {
          return { problems: [error], renewed: [], tlsInUse: false }
        }
      },
      replaceTerms: (config: Config) => offered.push(config),
    } as unknown as Doors,
    audit: {
      record: (detail) => {
        calls.push('audit')
        if (detail.type === 'server.reloaded') audited.push(detail.changed)
      },
      with: () => assert.fail(),
    },
    logger: { debug: silent, info: silent, warn: silent, error: (fields: object) => logged.push(fields) },
    reopen: [async () => step('logs', broken.logs), async () => void calls.push('audit log')],
  })
  const next = { ...started, access: { allow: [], deny: ['192.0.2.0/24'] } } as unknown as Config
  return {
    reload: (more: object = {}) => reload(async () => ({ ...next, ...more })),
    reloadBroken: () => reload(() => Promise.reject(new OperatorError('no configuration.', 'Mend it.'))),
    logged,
    audited,
    denied,
    calls,
    listener,
    admitted,
    offered,
  }
}

test('a reload takes everything over and names it', async () => {
  const { reload, denied, calls } = setup({})
  assert.deepEqual(await reload(), ['access'])
  assert.deepEqual(denied, [['192.0.2.0/24']])
  assert.deepEqual(calls, ['logs', 'audit log', 'certificate', 'authorities', 'users', 'audit'])
  assert.deepEqual(await reload(), [])
})

test('files that hold something else are named, to who reloads and in the audit', async () => {
  const { reload, audited } = setup({ renewed: ['a'] })
  assert.deepEqual(await reload(), ['access', 'files of listener a'])
  assert.deepEqual(audited, [['access', 'files of listener a']])
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
  assert.deepEqual(calls, ['logs', 'audit log', 'certificate', 'authorities', 'users', 'audit'])
})

test('a configuration that cannot be read is logged and changes nothing, but the logs are opened anew', async () => {
  const { reloadBroken, reload, denied, calls, logged } = setup({})
  await assert.rejects(reloadBroken(), /no configuration/)
  assert.deepEqual(calls, ['logs', 'audit log'])
  assert.deepEqual(denied, [])
  assert.match(String((logged[0] as { err: Error }).err), /no configuration/)
  assert.deepEqual(await reload(), ['access'])
})

test('what the system refuses is told with a remedy', async () => {
  const absent = Object.assign(new Error('ENOENT: no such file'), {
    ...{ code: 'ENOENT', syscall: 'open', path: '/a.key' },
  })
  const { reload } = setup({ certificate: absent })
  await assert.rejects(reload(), {
    message: '/a.key does not exist.',
    remedy: 'Correct the path, or put the file there.',
  })
})

test('a rotation that fails is told although the configuration cannot be read either', async () => {
  const { reloadBroken, logged } = setup({ logs: true })
  await assert.rejects(reloadBroken(), /no configuration/)
  const texts = logged.map((fields) => String((fields as { err: Error }).err))
  assert.deepEqual(texts, ['OperatorError: logs is broken.', 'OperatorError: no configuration.'])
})

test('another certificate file is taken over and said to be, unless it cannot be used', async () => {
  const { reload } = setup({})
  const tls = { certificateFile: '/b.crt', keyFile: '/b.key', minVersion: 'TLSv1.2' }
  assert.deepEqual(await reload({ tls }), ['access', 'tls'])
  assert.deepEqual(await reload({ tls: { ...tls, minVersion: 'TLSv1.3' } }), [
    'tls.minVersion (at the next start)',
  ])
  const { reload: failing, audited } = setup({ certificate: true })
  await assert.rejects(failing({ tls }), /certificate is broken/)
  assert.deepEqual(audited, [['access']])
})

test('the users of listeners and of their names are taken over, their ports wait', async () => {
  const { reload, listener, admitted } = setup({})
  const second = ssh(['bob'])
  const told = await reload({ listeners: [listener(['alice'], 2121), second] })
  assert.deepEqual(told, ['access', 'listeners', 'listeners.a.port (at the next start)'])
  assert.deepEqual(admitted.at(-1), [listener(['alice']), second])
  assert.deepEqual(await reload({ listeners: [listener(['alice']), second] }), [])
  // A listener that is gone goes on until the next start, as it was.
  assert.deepEqual(await reload({ listeners: [second] }), ['listeners.a (at the next start)'])
  assert.deepEqual(admitted.at(-1), [listener(['alice']), second])
})

test('what SSH may use is taken over, all else of its doors waits', async () => {
  const { reload, listener, offered } = setup({})
  const wanted = { ...ssh([]), algorithms: 'compatible', exceptions: [{ allow: ['aes-cbc'] }] }
  const sftp = { algorithms: 'compatible', minRsaBits: 4096, idleSeconds: 1 }
  const told = await reload({ sftp, listeners: [listener([]), { ...wanted, port: 2222 }] })
  assert.deepEqual(told.toSorted(), [
    ...['access', 'listeners', 'listeners.b.port (at the next start)'],
    ...['sftp', 'sftp.idleSeconds (at the next start)'],
  ])
  const live = offered.at(-1)
  assert.deepEqual(live?.sftp, { algorithms: 'compatible', minRsaBits: 4096, idleSeconds: 900 })
  assert.deepEqual(live?.listeners[1], wanted)
})
