import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { formatProblems, type LoadOptions, loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'

const PLAIN: LoadOptions = { env: {}, overrides: [] }

/** A folder as a checkout has it, with `config/sallyport.yaml` of this text. */
export function project(test: TestContext, text: string): { dir: string; file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'config-test-'))
  test.after(() => rmSync(dir, { recursive: true }))
  mkdirSync(join(dir, 'config'))
  const file = join(dir, 'config', 'sallyport.yaml')
  writeFileSync(file, text)
  return { dir, file }
}

export function loaded(file: string, options: Partial<LoadOptions> = {}): Config {
  const result = loadConfig(file, { ...PLAIN, ...options })
  if (!result.ok) throw new Error(formatProblems(result.problems))
  return result.config
}

/** The problems as the terminal shows them, the folder left out. */
export function complaints(file: string, options: Partial<LoadOptions> = {}): readonly string[] {
  const result = loadConfig(file, { ...PLAIN, ...options })
  if (result.ok) return []
  return formatProblems(result.problems)
    .split('\n')
    .map((line) => line.replace(file, 'FILE'))
}
