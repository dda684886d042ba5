import { hash, hashFeature } from './commands/hash.ts'
import { xcrc } from './commands/xcrc.ts'
import { xmd5 } from './commands/xmd5.ts'
import { xsha1 } from './commands/xsha1.ts'
import { xsha256 } from './commands/xsha256.ts'
import { xsha512 } from './commands/xsha512.ts'
import type { Row } from './session.ts'

const CHECKSUM = {
  needs: 'transfer',
  argument: 'required',
  rfc: 'de facto',
  help: '<path> | "<path>" <start> [<end>]',
} as const

/** Commands that read a file to tell whether it is the same elsewhere. */
export const DIGEST_ROWS: readonly Row[] = [
  {
    verb: 'HASH',
    needs: 'transfer',
    argument: 'required',
    rfc: 'draft-bryan-ftpext-hash 3',
    help: '<path>',
    feat: hashFeature,
    run: hash,
  },
  { ...CHECKSUM, verb: 'XCRC', feat: () => ['XCRC'], run: xcrc },
  { ...CHECKSUM, verb: 'XMD5', feat: () => ['XMD5'], run: xmd5 },
  { ...CHECKSUM, verb: 'XSHA1', feat: () => ['XSHA1'], run: xsha1 },
  { ...CHECKSUM, verb: 'XSHA256', feat: () => ['XSHA256'], run: xsha256 },
  { ...CHECKSUM, verb: 'XSHA512', feat: () => ['XSHA512'], run: xsha512 },
]
