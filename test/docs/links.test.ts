// Every relative link and picture in the documents leads somewhere.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

for (const path of globSync(['*.md', 'docs/**/*.md'], { cwd: root })) {
  test(`links of ${path}`, () => {
    const text = readFileSync(join(root, path), 'utf8')
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((link) => link[1] ?? '')
    for (const target of targets.filter((link) => !/^([a-z]+:|#)/.test(link))) {
      const file = join(root, dirname(path), target.split('#')[0] ?? '')
      assert.ok(existsSync(file), `${target} does not exist`)
    }
  })
}
