import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ALIASES, COMMANDS, ROWS } from '../../src/ftp/table.ts'
import { ftpCommandsDoc } from '../helpers/ftp-commands-doc.ts'

const at = (path: string) => new URL(`../../${path}`, import.meta.url)

describe('command table', () => {
  test('docs/ftp-commands.md lists what the table has', () => {
    const table = ftpCommandsDoc()
    assert.equal(readFileSync(at('docs/ftp-commands.md'), 'utf8').slice(0, table.length), table)
  })

  test('every verb stands once, and has its own file that names where it is specified', () => {
    assert.equal(new Set(ROWS.map((row) => row.verb)).size, ROWS.length)
    assert.equal(COMMANDS.size, ROWS.length + ALIASES.size)
    for (const { verb } of ROWS) {
      const [first = ''] = readFileSync(at(`src/ftp/commands/${verb.toLowerCase()}.ts`), 'utf8').split('\n')
      assert.match(first, /^\/\/ (RFC|draft-|De facto)/, verb)
    }
  })
})
