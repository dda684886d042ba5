import { toOperatorError } from './failure.ts'

/** Does the work; undefined when the operator has something to mend, which is then collected. */
export type Attempt = <T>(work: () => Promise<T>) => Promise<T | undefined>

/** For verbs that tell all problems at once instead of the first. Defects of the program itself are thrown. */
export function createAttempts(): { attempt: Attempt; problems: readonly string[] } {
  const problems: string[] = []
  const attempt: Attempt = async (work) => {
    try {
      return await work()
    } catch (error) {
      const known = toOperatorError(error)
      if (known === undefined) throw error
      const problem = `${known.message}\n  ${known.remedy}`
      if (!problems.includes(problem)) problems.push(problem)
      return undefined
    }
  }
  return { attempt, problems }
}
