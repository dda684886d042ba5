// De facto: XSHA1; the SHA-1 of a file's stored bytes.
import { checksumBy } from '../checksums.ts'

export const xsha1 = checksumBy('SHA-1')
