// Decision 7: what is bent in ssh2 was written against one version of it, and each bend has its row.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const page = readFileSync(at('docs/decisions/0007-ssh2-as-it-comes.md'), 'utf8')
const rows = page.split('\n').filter((line) => /^\| [a-z]/.test(line))

test('ssh2 is pinned to the version that is installed, and that the decision names', () => {
  const { dependencies } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  const { version } = createRequire(import.meta.url)('ssh2/package.json')
  assert.equal(dependencies.ssh2, version)
  assert.ok(page.includes(`in \`package.json\`, ${version},`), `the decision does not name ${version}`)
})

test('each file that knows how ssh2 looks inside has a row', () => {
  const files = readdirSync(at('src/sftp')).filter((name) => /^ssh(2|-.*)\.ts$/.test(name))
  assert.ok(files.length > 5)
  const text = rows.join('\n')
  assert.deepEqual(
    files.filter((name) => !text.includes(`\`${name}\``)),
    [],
  )
})

test('each row names files and a test that are there, and the report upstream or none', () => {
  assert.ok(rows.length > 10)
  for (const row of rows) {
    const [, , what = '', proof = '', upstream = ''] = row.split('|').map((cell) => cell.trim())
    for (const [, name = ''] of what.matchAll(/`([a-z0-9-]+\.ts)`/g)) {
      assert.ok(existsSync(at(`src/sftp/${name}`)), `${row}: no ${name}`)
    }
    assert.ok(existsSync(at(proof.replaceAll('`', ''))), `${row}: no such test`)
    assert.match(
      upstream,
      /^(none|\[(issue|pull request) (\d+)\]\(https:\/\/github\.com\/mscdex\/ssh2\/(issues|pull)\/\3\))$/,
    )
  }
})
