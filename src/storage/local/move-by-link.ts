import { linkSync, unlinkSync } from 'node:fs'
import { refusesHardLinks } from './errno.ts'

/**
 * Gives a file another name, which nothing may have, where the system cannot do that in one step: a link, then the old name
 * goes. False, and nothing is done, where there are no links. Whatever fails, one name is left.
 */
export function moveByLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
  } catch (error) {
    if (refusesHardLinks(error)) return false
    throw error
  }
  try {
    unlinkSync(from)
  } catch (error) {
    unlinkSync(to)
    throw error
  }
  return true
}
