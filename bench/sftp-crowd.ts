// Holds logged-in SFTP sessions that do nothing, in a process of its own: a client of ssh2 costs more than the server's
// side. Started by many-sessions.ts with host, port, sessions and the first loopback address; user and password by
// SFTP_USER and SFTP_PASSWORD. Prints a line when all are open and ends with its standard input.
import { ssh2 } from '../src/sftp/ssh2.ts'

/** Handshakes at once. */
const AT_ONCE = 4

const [host = '', port = '', count = '', localAddress = ''] = process.argv.slice(2)
const { SFTP_USER: username = '', SFTP_PASSWORD: password = '' } = process.env

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    // It writes a packet in two pieces, and the second would wait for the server's word on the first.
    client.on('connect', () => client.setNoDelay(true))
    client.on('error', reject)
    client.on('ready', () => client.sftp((error) => (error === undefined ? resolve() : reject(error))))
    client.connect({ host, port: Number(port), username, password, localAddress, keepaliveInterval: 0 })
  })
}

let left = Number(count)
async function worker(): Promise<void> {
  while (left > 0) {
    left -= 1
    await open()
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, worker))
process.stdout.write('open\n')
process.stdin.on('end', () => process.exit())
process.stdin.resume()
