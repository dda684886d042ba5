import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACTIONS } from '../../src/core/identity.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { FTP_PASSWORD, type FtpTestServer, ftpUser, startFtpServer } from '../helpers/ftp-server.ts'

const sunset = { plaintextUntil: new Date('2999-01-01'), owner: 'ops', reason: 'test' }
const both = ftpUser('both', ACTIONS, { sunset, chains: [['password', 'totp']] })

function refusals({ events }: FtpTestServer): readonly string[] {
  return events.flatMap((event) => (event.type === 'login.denied' ? [event.reason] : []))
}

test('whoever stops at the question for the code, says REIN or names a host, is in the audit', async (t) => {
  for (const after of ['gone', 'QUIT', 'REIN', 'HOST one.example.org', 'USER legacy']) {
    const settings = { hosts: new Map([['one.example.org', ['One.']]]) }
    const server = await startFtpServer({ people: [both], settings })
    t.after(() => server.close())
    const client = await connectFtp(server)
    await client.send('USER both')
    assert.match(await client.send(`PASS ${FTP_PASSWORD}`), /^332/)
    assert.deepEqual(refusals(server), [])
    if (after === 'gone') client.destroy()
    else await client.send(after)
    client.destroy()
    await server.connections[0]?.done
    assert.deepEqual(refusals(server), ['factors-missing'], after)
  }
})
