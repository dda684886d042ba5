import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

for (const mode of ['clear', 'tls'] as const) {
  describe(`files over ${mode}`, () => {
    let server: FtpTestServer
    let client: FtpClient
    before(async () => {
      server = await startFtpServer()
      client = await connectFtp(server)
      if (mode === 'tls') await client.secure()
      await client.login(mode === 'tls' ? 'alice' : 'legacy')
    })
    after(async () => {
      client.destroy()
      await server.close()
      assert.deepEqual(server.errors, [])
    })

    test('what goes up comes down, byte for byte', async () => {
      const content = randomBytes(5_000_001)
      assert.match(await client.upload('STOR big', content), /^226/)
      assert.equal(await client.send('SIZE big'), `213 ${content.length}`)
      const down = await client.download('RETR big')
      assert.match(down.reply, /^226/)
      assert.ok(down.bytes.equals(content))
    })

    test('an empty file is a file', async () => {
      assert.match(await client.upload('STOR empty', ''), /^226/)
      const down = await client.download('RETR empty')
      assert.equal(down.bytes.length, 0)
      assert.match(down.reply, /^226/)
    })

    test('REST goes on where it says, down and up', async () => {
      await client.upload('STOR digits', '0123456789')
      await client.send('REST 5')
      assert.equal((await client.download('RETR digits')).text, '56789')
      await client.send('REST 5')
      assert.match(await client.upload('STOR digits', 'ABC'), /^226/)
      assert.equal((await client.download('RETR digits')).text, '01234ABC')
      await client.send('REST 100')
      assert.match(await client.upload('STOR digits', 'x'), /^554/)
      await client.send('REST 100')
      assert.match((await client.download('RETR digits')).reply, /^554/)
      assert.equal((await client.download('RETR digits')).text, '01234ABC')
    })

    test('APPE adds at the end and makes what is missing', async () => {
      await client.upload('APPE log', 'one')
      await client.upload('APPE log', 'two')
      assert.equal((await client.download('RETR log')).text, 'onetwo')
    })

    test('TYPE A converts line ends both ways', async () => {
      await client.send('TYPE A')
      assert.match(await client.upload('STOR text', 'a\r\nb\r\n'), /^226/)
      assert.equal((await client.download('RETR text')).text, 'a\r\nb\r\n')
      assert.match(await client.send('SIZE text'), /^550/)
      assert.match(await client.send('REST 1'), /^504/)
      await client.send('TYPE I')
      assert.equal((await client.download('RETR text')).text, 'a\nb\n')
    })

    test('listings show what is there', async () => {
      await client.send('MKD /dir')
      await client.send('CWD /dir')
      await client.upload('STOR one.txt', '1')
      await client.upload('STOR two.bin', '22')
      const names = (await client.download('NLST')).text.split('\r\n').sort().join()
      assert.equal(names, ',one.txt,two.bin')
      assert.equal((await client.download('NLST -1 *.txt')).text, 'one.txt\r\n')
      assert.equal((await client.download('NLST /dir/o*')).text, '/dir/one.txt\r\n')
      assert.match((await client.download('LIST -la')).text, /^-rw.* 2 \w{3} .. .{5} two\.bin\r$/m)
      assert.match((await client.download('MLSD')).text, /type=file;size=2;modify=\d{14};.* two\.bin\r$/m)
      assert.match((await client.download('LIST /none')).reply, /^550/)
      await client.send('CWD /')
    })

    test('STOU names its file', async () => {
      const data = await client.data()
      const name = /^150 FILE: (.+)$/.exec(await client.send('STOU'))?.[1] ?? ''
      data.socket.end('unique')
      data.socket.resume()
      assert.match((await client.reply()) ?? '', /^226/)
      assert.equal((await client.download(`RETR ${name}`)).text, 'unique')
    })

    test('rename, delete, directories', async () => {
      await client.upload('STOR r1', 'x')
      assert.match(await client.send('RNFR r1'), /^350/)
      assert.match(await client.send('RNTO r2'), /^250/)
      assert.match(await client.send('RNTO r3'), /^503/)
      assert.match(await client.send('DELE r2'), /^250/)
      assert.match(await client.send('DELE r2'), /^550/)
      assert.equal(await client.send('MKD sub "q"'), '257 "/sub ""q""" created.')
      assert.match(await client.send('MKD sub "q"'), /^55[03]/)
      assert.match(await client.send('RMD sub "q"'), /^250/)
    })
  })
}
