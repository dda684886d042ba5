/** What stands before a group in a list of users; no user's name begins with it. */
const MARK = '@'
const GROUP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export function isGroupName(text: string): boolean {
  return GROUP_NAME.test(text)
}

/** A group as it stands in a list of users. */
export function groupEntry(group: string): string {
  return MARK + group
}

/** The group that an entry of a list of users stands for; undefined for the name of a user. */
export function groupOf(entry: string): string | undefined {
  return entry.startsWith(MARK) ? entry.slice(MARK.length) : undefined
}
