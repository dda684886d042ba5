// De facto: XCRC; the CRC-32 of a file's stored bytes.
import { checksumBy } from '../checksums.ts'

export const xcrc = checksumBy('CRC32')
