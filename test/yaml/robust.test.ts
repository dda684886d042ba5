import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configSchema, configShape } from '../../src/config/schema.ts'
import { parseUsers } from '../../src/users/read.ts'
import { readYaml } from '../../src/yaml/document.ts'
import { explain } from '../../src/yaml/explain.ts'
import { nearest } from '../../src/yaml/nearest.ts'
import { formatProblem } from '../../src/yaml/problem.ts'

const KEY_NAMES = ['users', 'alice', 'keys', 'password', 'listeners', 'login', 'door', '__proto__', '<<']
const yamlish = fc
  .array(
    fc.oneof(
      fc.constantFrom(...KEY_NAMES.map((name) => `${name}: `), '\n', '\n  ', '\n    - ', '{', '}', '[', ']'),
      fc.constantFrom(
        '&a ',
        '*a',
        '"',
        "'",
        '# ',
        '---\n',
        ', ',
        '? ',
        '!!binary ',
        '|\n',
        '\t',
        '7',
        'true',
        '~',
      ),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''))

test('no text makes reading throw, and every problem has a place in it', () => {
  fc.assert(
    fc.property(yamlish, (text) => {
      const yaml = readYaml(text, 'FILE')
      const parsed = configSchema.safeParse(yaml.value ?? {})
      const findings = parsed.success ? [] : explain(configShape, parsed.error.issues, yaml.value, true)
      const users = parseUsers(yaml, { homes: '/srv/home', secrets: undefined })
      const problems = users.ok ? users.set.warnings : users.problems
      const lines = text.split('\n').length
      for (const place of [
        ...problems.map((problem) => problem.place),
        ...findings.map((finding) => yaml.placeOf(finding.path, finding.part)),
      ]) {
        assert.ok(place.kind === 'file' && place.line >= 1 && place.line <= lines && place.column >= 1)
      }
      for (const problem of problems) assert.match(formatProblem(problem), /^FILE:\d+:\d+ {2}./)
    }),
    { numRuns: 500 },
  )
})

test('the nearest key is named only when it is near', () => {
  const keys = ['passivePorts', 'passiveAddress', 'idleSeconds', 'to']
  assert.equal(nearest('passivPorts', keys), 'passivePorts')
  assert.equal(nearest('pasiveports', keys), 'passivePorts')
  assert.equal(nearest('idelSeconds', keys), 'idleSeconds')
  assert.equal(nearest('banner', keys), undefined)
  assert.equal(nearest('xy', keys), undefined)
})
