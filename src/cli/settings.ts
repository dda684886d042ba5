import type { Config } from '../config/schema.ts'
import { OperatorError } from './failure.ts'

/** Where the configuration stands unless `--config` says otherwise, from the folder the command runs in. */
export const DEFAULT_CONFIG_FILE = 'config/sallyport.yaml'

const CONFIG_VARIABLE = 'SALLYPORT_CONFIG'

/** The configuration that this command works on. */
export type Settings = {
  readonly file: string
  /** The operator named the file; it is not one that a first start makes. */
  readonly named: boolean
  /** Reads it anew each time. Throws OperatorError with all problems. */
  load(file?: string): Promise<Config>
}

export type SettingsOptions = Readonly<{
  config: string | undefined
  overrides: readonly string[]
  env: Readonly<Record<string, string | undefined>>
}>

export function createSettings({ config, overrides, env }: SettingsOptions): Settings {
  const named = config ?? env[CONFIG_VARIABLE]
  const file = named ?? DEFAULT_CONFIG_FILE
  return {
    file,
    named: named !== undefined,
    load: async (from = file) => {
      // Not before: the schema and YAML take longer to load than a help text to print.
      const { formatProblems, loadConfig } = await import('../config/load.ts')
      const result = loadConfig(from, { env, overrides })
      if (result.ok) return result.config
      const count = result.problems.length
      throw new OperatorError(
        `${formatProblems(result.problems)}\n${count === 1 ? '1 problem' : `${count} problems`} in the configuration.`,
        'Mend what is named above, then try `sallyport check`. docs/configuration.md lists every key.',
      )
    },
  }
}
