// De facto: XSHA256; the SHA-256 of a file's stored bytes.
import { checksumBy } from '../checksums.ts'

export const xsha256 = checksumBy('SHA-256')
