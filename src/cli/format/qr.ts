import type { Terminal } from '../terminal.ts'

/** A code that a phone's camera reads off the terminal, as lines of half blocks. */
export async function formatQr(text: string, terminal: Terminal): Promise<string[]> {
  const { default: qrcode } = await import('qrcode')
  const code = await qrcode.toString(text, { type: 'utf8', errorCorrectionLevel: 'L' })
  // A camera needs dark on light whatever the terminal's own colours are.
  return code
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => terminal.paint(['black', 'bgWhiteBright'], line))
}
