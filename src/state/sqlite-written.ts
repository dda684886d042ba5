import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'

/**
 * The row that a writing statement RETURNs, once it is written. `get` would stop at the row, before the commit, and keep to
 * itself that a full disk refused that.
 */
export function writtenRow(
  statement: StatementSync,
  values: Record<string, SQLInputValue>,
): Record<string, SQLOutputValue> | undefined {
  return statement.all(values)[0]
}
