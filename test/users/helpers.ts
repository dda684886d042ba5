import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Logger } from '../../src/core/ports.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { createSecretBox } from '../../src/users/secret-box.ts'
import { openYamlUsers, type YamlUsers } from '../../src/users/yaml.ts'

export const secrets = createSecretBox(Buffer.alloc(32, 7))
export const clock = systemClock

export type LogLine = Readonly<{ level: string; message: string }>

export function recordingLogger(): Logger & { lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (_fields: object, message: string) => {
    lines.push({ level, message })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** A folder with a `users.yaml` of this text. */
export function usersFile(test: TestContext, text: string) {
  const dir = mkdtempSync(join(tmpdir(), 'users-test-'))
  test.after(() => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'users.yaml')
  writeFileSync(file, text)
  const settings = { file, homes: '/srv/home', secrets, clock }
  return {
    dir,
    file,
    settings,
    text: () => readFileSync(file, 'utf8'),
    write: (next: string) => writeFileSync(file, next),
  }
}

export async function openUsers(test: TestContext, text: string) {
  const source = usersFile(test, text)
  const logger = recordingLogger()
  const opened = await openYamlUsers({ ...source.settings, logger })
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems))
  const users: YamlUsers = opened.users
  test.after(() => users.close())
  return { ...source, logger, users, warnings: opened.warnings }
}
