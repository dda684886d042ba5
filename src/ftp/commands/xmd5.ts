// De facto: XMD5; the MD5 of a file's stored bytes.
import { checksumBy } from '../checksums.ts'

export const xmd5 = checksumBy('MD5')
