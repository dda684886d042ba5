import { explain } from '../yaml/explain.ts'
import { pathText, problemText } from '../yaml/problem.ts'
import { usersSchema, usersShape } from './schema.ts'

/**
 * What is wrong with a new entry by itself, as sentences, before there is a password. Keys and folders are looked at when it is added.
 * Shows what was written: `entry` must hold no secret.
 */
export function newEntryProblems(name: string, entry: object): readonly string[] {
  const root = { users: { [name]: entry } }
  const parsed = usersSchema.safeParse(root)
  if (parsed.success) return []
  return explain(usersShape, parsed.error.issues, root, true).map(({ path, ...rest }) => {
    const place = path.length > 2 ? pathText(path.slice(2)) : `"${name}"`
    return problemText({ ...rest, path: place })
  })
}
