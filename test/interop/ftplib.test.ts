import { pythonWith } from '../helpers/clients.ts'
import { pythonPerform } from './python.ts'
import { describeClient } from './scenarios.ts'

const python = pythonWith('ftplib')

describeClient({
  name: 'Python ftplib',
  needs: [python],
  listeners: ['ftp', 'ftpes', 'ftps'],
  cannot: [],
  keys: false,
  mfa: [
    { listener: 'ftpes', user: 'mfa', form: 'acct' },
    { listener: 'ftps', user: 'mfa', form: 'acct' },
    { listener: 'ftpes', user: 'mfa', form: 'appended' },
    { listener: 'ftpes', user: 'certpass', form: 'cert-password' },
    { listener: 'ftps', user: 'certpass', form: 'cert-password' },
  ],
  perform: pythonPerform(python, 'ftplib_client.py'),
})
