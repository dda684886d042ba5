// De facto: XSHA512; the SHA-512 of a file's stored bytes.
import { checksumBy } from '../checksums.ts'

export const xsha512 = checksumBy('SHA-512')
