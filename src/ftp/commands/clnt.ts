// De facto: CLNT tells the name of the client.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

/** Longer ones are no names; the audit keeps this much. */
const LONGEST_NAME = 200

export async function clnt(ftp: Ftp, name: string): Promise<Reply> {
  const client = name.trim().slice(0, LONGEST_NAME)
  if (client !== '') await ftp.nameClient(client)
  return reply(200, 'Noted.')
}
