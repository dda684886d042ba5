import type { Enrolment } from '../enrolment.ts'
import type { Terminal } from '../terminal.ts'
import { formatQr } from './qr.ts'

/** Four letters at a time can be typed into a phone without losing the place. */
const LETTERS = /.{1,4}/g

/** What an authenticator app needs, shown this once: a code to scan, the link, and the secret to type. */
export async function formatEnrolment(enrolment: Enrolment, terminal: Terminal): Promise<string[]> {
  return [
    'Scan this with an authenticator app:',
    '',
    ...(await formatQr(enrolment.uri, terminal)),
    '',
    `or open  ${enrolment.uri}`,
    `or type  ${enrolment.secret.match(LETTERS)?.join(' ') ?? enrolment.secret}`,
  ]
}
