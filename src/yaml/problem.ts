/** Keys and list positions from the top of a document. */
export type Path = readonly (string | number)[]

/** Where a value was set, so that its problem names the place to mend. Lines and columns count from 1. */
export type Place =
  | Readonly<{ kind: 'file'; file: string; line: number; column: number }>
  | Readonly<{ kind: 'variable'; name: string }>
  | Readonly<{ kind: 'option'; text: string }>

/** One thing to mend. `path` is empty when the problem is with the file as such. */
export type Problem = Readonly<{
  place: Place
  path: string
  message: string
  remedy: string | undefined
}>

/** A path as people write it: `listeners[0].port`. */
export function pathText(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('')
}

function placeText(place: Place): string {
  switch (place.kind) {
    case 'file':
      return `${place.file}:${place.line}:${place.column}`
    case 'variable':
      return `environment variable ${place.name}`
    case 'option':
      return `option --set ${place.text}`
  }
}

/** What is wrong and what to do, for who has no file with that place before them. */
export function problemText({ path, message, remedy }: Omit<Problem, 'place'>): string {
  return `${path === '' ? '' : `${path}: `}${message}${remedy === undefined ? '' : `; ${remedy}`}`
}

/** One problem on one line, for a terminal or a log. */
export function formatProblem(problem: Problem): string {
  return `${placeText(problem.place)}  ${problemText(problem)}`
}

/** All problems, one a line, in the order of the file. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n')
}

/** File problems by line, then the rest as they came. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const line = (problem: Problem) =>
    problem.place.kind === 'file'
      ? problem.place.line * 10_000 + problem.place.column
      : Number.MAX_SAFE_INTEGER
  return [...problems].sort((a, b) => line(a) - line(b))
}
