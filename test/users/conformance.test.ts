import { createUserEditor } from '../../src/users/editor.ts'
import { testUserDirectory } from '../conformance/user-directory.ts'
import { createMemoryUsers, makeUser } from '../helpers/memory-users.ts'
import { openUsers } from './helpers.ts'
import { HASHES } from './samples.ts'

const hashes = { first: HASHES.sha512, second: HASHES.argon2 }

testUserDirectory('yaml', hashes, async (t) => {
  const { users, settings } = await openUsers(t, 'users: {}\n')
  const editor = createUserEditor(settings)
  return {
    users,
    put: async (name, hash) => {
      const known = (await users.find(name)) !== undefined
      await (known ? editor.setPassword(name, hash) : editor.addUser(name, { password: hash }))
      await users.reload()
    },
    remove: async (name) => {
      await editor.removeUser(name)
      await users.reload()
    },
  }
})

testUserDirectory('memory', hashes, async () => {
  const users = createMemoryUsers()
  return {
    users,
    put: async (name, hash) => {
      const credentials = {
        passwordHash: hash,
        keys: [],
        authorities: [],
        principals: [],
        certificates: [],
        totp: undefined,
      }
      users.put(makeUser(name, { credentials }))
    },
    remove: async (name) => users.remove(name),
  }
})
