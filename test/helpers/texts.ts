const MiB = 1024 * 1024

/** Texts as the wire has them, so long that their memory is changed for another in the middle. */
export const TEXTS = {
  'lines of many lengths': Array.from({ length: 60_000 }, (_, n) => `${'x'.repeat(n % 97)}\r\n`).join(''),
  'nothing but line ends': '\r\n'.repeat(MiB),
  'CR after CR, one LF at the end': `${'\r'.repeat(2 * MiB)}\n`,
  'CR after CR': '\r'.repeat(2 * MiB),
  'LF alone': '\n'.repeat(2 * MiB),
  'one long line': 'x'.repeat(3 * MiB),
} as const
