// Every relative link and picture in the documents leads somewhere, to a heading where it names one.
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
    for (const target of targets.filter((link) => !/^[a-z]+:/.test(link))) {
      const [place = '', heading] = target.split('#')
      const file = place === '' ? join(root, path) : join(root, dirname(path), place)
      assert.ok(existsSync(file), `${target} does not exist`)
      if (heading !== undefined) assert.ok(anchors(file).includes(heading), `${target} has no such heading`)
    }
  })
}

test('ARCHITECTURE.md names no file that is not there', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const named = [...text.matchAll(/`([\w.*-]+\/[\w./*-]+\.(?:ts|c|mjs))`/g)].map((match) => match[1] ?? '')
  assert.ok(named.length > 40)
  const absent = named.filter((file) => globSync([file, `src/${file}`], { cwd: root }).length === 0)
  assert.deepEqual(absent, [])
})

/** Of a heading, as GitHub makes them. */
function anchors(file: string): string[] {
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text)
  return headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
