import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readYaml, type YamlText } from '../yaml/document.ts'
import { explain, type Finding } from '../yaml/explain.ts'
import { type Problem, pathText, sortProblems } from '../yaml/problem.ts'
import { NO_UTF8, yamlText } from '../yaml/text.ts'
import { CHECKS } from './checks.ts'
import { applyOverrides, fromEnvironment, fromOptions, overrideAt, withDefaultLists } from './overrides.ts'
import { absolutePaths } from './paths.ts'
import { type Config, configSchema, configShape, type SectionName } from './schema.ts'

export { formatProblems, type Problem } from '../yaml/problem.ts'

/** More than any configuration needs; a larger file is a mistake and is not read. */
const MAX_CONFIG_BYTES = 1024 * 1024

export type LoadOptions = Readonly<{
  /** The process's environment; `SALLYPORT_...` variables override the file. */
  env: Readonly<Record<string, string | undefined>>
  /** `key.path=value`, in order; they override file and environment. */
  overrides: readonly string[]
}>

export type LoadResult =
  | Readonly<{ ok: true; config: Config }>
  | Readonly<{ ok: false; problems: readonly Problem[] }>

function fileProblem(file: string, message: string, remedy: string): Problem {
  return { place: { kind: 'file', file, line: 1, column: 1 }, path: '', message, remedy }
}

function readText(file: string): string | Problem {
  try {
    const bytes = readFileSync(file)
    if (bytes.length > MAX_CONFIG_BYTES)
      return fileProblem(file, `the file has ${bytes.length} bytes`, `at most ${MAX_CONFIG_BYTES} are read`)
    return yamlText(bytes) ?? fileProblem(file, NO_UTF8.message, NO_UTF8.remedy)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOENT')
      return fileProblem(
        file,
        'the file does not exist',
        'correct its path; `sallyport serve` without --config makes one',
      )
    if (code === 'EACCES')
      return fileProblem(file, 'the file may not be read', 'let the user that runs the server read it')
    if (code === 'EISDIR') return fileProblem(file, 'this is a folder', 'name the YAML file in it')
    return fileProblem(file, `the file cannot be read (${code})`, 'the configuration is a YAML file')
  }
}

/** Sections that are sound in themselves, so that checks across keys can run beside complaints about others. */
function soundSections(root: unknown): Partial<Config> {
  const group = typeof root === 'object' && root !== null ? (root as Record<string, unknown>) : {}
  const sound = Object.entries(configSchema.shape).flatMap(([name, schema]) => {
    const result = schema.safeParse(group[name])
    return result.success ? [[name, result.data] as const] : []
  })
  return Object.fromEntries(sound) as Partial<Config>
}

function crossFindings(root: unknown): readonly Finding[] {
  const sound = soundSections(root)
  const has = (name: SectionName) => sound[name] !== undefined
  return CHECKS.filter((check) => check.needs.every(has)).flatMap((check) => check.run(sound as Config))
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}

function validate(yaml: YamlText, file: string, options: LoadOptions): LoadResult {
  const base = withDefaultLists(yaml.value)
  const env = fromEnvironment(options.env, base)
  const set = fromOptions(options.overrides, base)
  const overrides = [...env.overrides, ...set.overrides]
  const root = applyOverrides(overrides.length > 0 ? base : (yaml.value ?? {}), overrides)
  const parsed = configSchema.safeParse(root)
  const findings = [
    ...(parsed.success ? [] : explain(configShape, parsed.error.issues, root, true)),
    ...crossFindings(root),
  ]
  const problems = findings.map(
    (finding): Problem => ({
      place: overrideAt(overrides, finding.path)?.place ?? yaml.placeOf(finding.path, finding.part),
      path: pathText(finding.path),
      message: finding.message,
      remedy: finding.remedy,
    }),
  )
  const all = [...problems, ...env.problems, ...set.problems]
  if (all.length > 0 || !parsed.success) return { ok: false, problems: sortProblems(all) }
  return { ok: true, config: deepFreeze(absolutePaths(parsed.data, dirname(resolve(file)))) }
}

/**
 * Reads, overrides and checks the configuration; never throws. With `ok` false there is at least one problem, and all
 * of them are there at once, but that broken YAML hides what lies behind it. Paths in the result are absolute.
 */
export function loadConfig(file: string, options: LoadOptions): LoadResult {
  const text = readText(file)
  if (typeof text !== 'string') return { ok: false, problems: [text] }
  const yaml = readYaml(text, file)
  return yaml.problems.length > 0 ? { ok: false, problems: yaml.problems } : validate(yaml, file, options)
}
