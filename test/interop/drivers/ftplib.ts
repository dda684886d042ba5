import { pythonWith } from '../../helpers/clients.ts'
import type { Driver } from '../driver.ts'
import { pythonPerform } from '../python.ts'

const python = pythonWith('ftplib')

export const ftplib: Driver = {
  name: 'Python ftplib',
  needs: [python],
  listeners: ['ftp', 'ftpes', 'ftps'],
  manyOver: 'ftpes',
  cannot: {},
  keys: false,
  mfa: [
    { listener: 'ftpes', user: 'mfa', form: 'acct' },
    { listener: 'ftps', user: 'mfa', form: 'acct' },
    { listener: 'ftpes', user: 'mfa', form: 'appended' },
    { listener: 'ftpes', user: 'certpass', form: 'cert-password' },
    { listener: 'ftps', user: 'certpass', form: 'cert-password' },
  ],
  perform: pythonPerform(python, 'ftplib_client.py'),
}
