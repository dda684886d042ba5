import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectFtp } from '../helpers/ftp-client.ts'
import { FTP_PASSWORD, startFtpServer } from '../helpers/ftp-server.ts'

test('the texts of the listener stand in the replies to a complete login and to QUIT', async () => {
  const server = await startFtpServer({
    settings: {
      welcome: ['Uploads go to /in.', '230 days are kept.'],
      goodbye: ['Thank you.', 'Come again.'],
    },
  })
  const client = await connectFtp(server)
  assert.match(await client.send('USER legacy'), /^331 /)
  assert.match(await client.send('PASS wrong'), /^530 Login incorrect\.$/)
  await client.send('USER legacy')
  assert.equal(
    await client.send(`PASS ${FTP_PASSWORD}`),
    '230-Uploads go to /in.\n 230 days are kept.\n230 Logged in.',
  )
  assert.equal(await client.send('QUIT'), '221-Thank you.\n221 Come again.')
  await client.closed()
  await server.close()
})
