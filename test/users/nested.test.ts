import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asUserId, type User } from '../../src/core/identity.ts'
import { nestedFolders } from '../../src/users/nested.ts'
import { makeUser } from '../helpers/memory-users.ts'
import { mount } from '../helpers/vfs.ts'

function user(name: string, location: string, link: boolean): User {
  const permissions = new Set(link ? (['list', 'link'] as const) : (['list'] as const))
  return makeUser(name, { id: asUserId(name), mounts: [{ ...mount('/', location), permissions }] })
}

test('a folder inside one where links can be made is named', () => {
  const found = nestedFolders([user('manager', '/homes', true), user('bob', '/homes/a/bob', false)])
  assert.deepEqual(
    found.map(({ path }) => path),
    [['users', 'bob']],
  )
  assert.match(found[0]?.message ?? '', /in which manager may make links/)
})

test('folders beside each other, shared ones, and those of a reader are sound', () => {
  assert.deepEqual(nestedFolders([user('a', '/homes/a', true), user('ab', '/homes/ab', true)]), [])
  assert.deepEqual(nestedFolders([user('a', '/homes/a', true), user('b', '/homes/a', true)]), [])
  assert.deepEqual(nestedFolders([user('reader', '/homes', false), user('b', '/homes/b', true)]), [])
})
