import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { sftpRequestsPage } from '../helpers/sftp-requests-page.ts'

const PAGE = new URL('../../docs/sftp-requests.md', import.meta.url)

test('docs/sftp-requests.md says what the tables say', () => {
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, sftpRequestsPage())
  assert.equal(readFileSync(PAGE, 'utf8'), sftpRequestsPage())
})
