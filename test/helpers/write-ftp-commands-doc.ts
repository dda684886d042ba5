import { readFileSync, writeFileSync } from 'node:fs'
import { END_OF_TABLE, ftpCommandsDoc } from './ftp-commands-doc.ts'

const file = new URL('../../docs/ftp-commands.md', import.meta.url)
const [, ...rest] = readFileSync(file, 'utf8').split(END_OF_TABLE)
writeFileSync(file, ftpCommandsDoc() + rest.join(END_OF_TABLE))
