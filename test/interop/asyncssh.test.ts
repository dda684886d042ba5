import { pythonWith } from '../helpers/clients.ts'
import { pythonPerform } from './python.ts'
import { describeClient } from './scenarios.ts'

const python = pythonWith('asyncssh')

describeClient({
  name: 'asyncssh',
  needs: [python],
  listeners: ['sftp'],
  cannot: {},
  keys: true,
  mfa: [
    { listener: 'sftp', user: 'mfa', form: 'prompt' },
    { listener: 'sftp', user: 'mfa', form: 'appended' },
    { listener: 'sftp', user: 'mfakey', form: 'key-prompt' },
    { listener: 'sftp', user: 'keypass', form: 'key-password' },
  ],
  perform: pythonPerform(python, 'asyncssh_client.py'),
})
