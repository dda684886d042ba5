import { writeFileSync } from 'node:fs'
import { ftpCommandsDoc } from './ftp-commands-doc.ts'

writeFileSync(new URL('../../docs/ftp-commands.md', import.meta.url), ftpCommandsDoc())
