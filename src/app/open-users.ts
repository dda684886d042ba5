import { OperatorError } from '../cli/failure.ts'
import type { Config } from '../config/schema.ts'
import type { Clock, Logger } from '../core/ports.ts'
import { openSecretBox, type SecretBox } from '../users/secret-box.ts'
import { openYamlUsers, type YamlUsers } from '../users/yaml.ts'
import { formatProblem, formatProblems, type Problem } from '../yaml/problem.ts'

/** The key that opens the secrets in the users file. Throws OperatorError. */
export function openSecrets(config: Config): SecretBox {
  const opened = openSecretBox(config.users.secretsKeyFile)
  if (opened.ok) return opened.box
  throw new OperatorError(`${opened.message}.`, `${opened.remedy}.`)
}

export type UserFile = Readonly<{ users: YamlUsers; warnings: readonly string[] }>

/** The users of the configuration, followed live. Throws OperatorError with every problem of the file. */
export async function openUserFile(
  config: Config,
  secrets: SecretBox,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<UserFile> {
  const opened = await openYamlUsers({
    file: config.users.file,
    homes: config.files.homes,
    secrets,
    clock,
    logger,
  })
  if (!opened.ok) throw usersProblems(opened.problems)
  return { users: opened.users, warnings: opened.warnings.map(formatProblem) }
}

export function usersProblems(problems: readonly Problem[]): OperatorError {
  return new OperatorError(
    `The users file has problems:\n${formatProblems(problems)}`,
    'Mend them and run it again.',
  )
}
