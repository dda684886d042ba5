import { readFileSync, writeFileSync } from 'node:fs'
import { withClientsTable } from './clients-doc.ts'

const PAGE = new URL('../../docs/clients.md', import.meta.url)
writeFileSync(PAGE, withClientsTable(readFileSync(PAGE, 'utf8')))
