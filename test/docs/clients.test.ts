import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { withClientsTable } from '../helpers/clients-doc.ts'

test('docs/clients.md says for every FTP client, door and step what the interop tests do', () => {
  const page = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8')
  assert.equal(page, withClientsTable(page))
})
